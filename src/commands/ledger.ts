import { existsSync } from "node:fs";
import type { Invocation } from "../cli/io.ts";
import { writeOut } from "../cli/table.ts";
import { type LedgerPlace, ledgerPlace, lockPlace, openPlaceToRead } from "../composition/ledger-places.ts";
import { openMeter } from "../composition/reporter.ts";
import { RecordingError } from "../core/model/errors.ts";
import { formatNumberOf, printable } from "../core/text.ts";
import { type Copied, copyToDatabase, copyToFile, mustBeFree } from "../ledgers/copy/index.ts";
import type { HeldLock } from "../ledgers/index.ts";

/**
 * `copy FROM TO`: an archive's whole ledger from a file into PostgreSQL or back, into a place that has none. Nothing of the
 * source changes. 0 when all was read back as it was written; 6 when the records were not whole before.
 */
export async function ledger(invocation: Invocation): Promise<number> {
  const { args, settings, io } = invocation;
  const [action = "", ...named] = args;
  if (action !== "copy") throw new RecordingError("usage", `ledger: "${printable(action)}" is not copy.`);
  const [from, to] = named.map((text) => ledgerPlace(text, settings, io)) as [LedgerPlace, LedgerPlace];
  mustBeThere(from);
  if (to.kind === "file") mustBeFree(to.file);
  const locks: HeldLock[] = [];
  let copied: Copied;
  try {
    for (const place of [from, to]) locks.push(...(await lockPlace(place, settings, io)));
    copied = await copyBetween(from, to, invocation);
  } finally {
    for (const lock of locks.reverse()) await lock.release();
  }
  return tellEnd(copied, from, to, invocation);
}

function mustBeThere(from: LedgerPlace): void {
  if (from.kind === "database" || existsSync(from.file)) return;
  throw new RecordingError("usage", `There is no ledger at ${from.file}: give the archive's folder.`);
}

async function copyBetween(from: LedgerPlace, to: LedgerPlace, invocation: Invocation): Promise<Copied> {
  const { io } = invocation;
  let rows = 0;
  const meter = openMeter(invocation, () => `${formatNumberOf(rows, "row")} copied`);
  const tick = (count: number) => {
    io.stop.throwIfAborted();
    rows = count;
    meter.tick();
  };
  try {
    if (from.kind === "file" && to.kind === "database") return await copyToDatabase(from.file, to, tick);
    if (from.kind === "database" && to.kind === "file") return await copyToFile(from, to.file, tick);
  } finally {
    meter.close();
  }
  const instead = from.kind === "file" ? "copy the archive's folder" : "use pg_dump";
  throw new RecordingError("usage", `ledger copy is between a file and PostgreSQL: for two of a kind ${instead}.`);
}

/** Reads the new ledger as every command will, and says what is in it. */
async function tellEnd(copied: Copied, from: LedgerPlace, to: LedgerPlace, { settings, io }: Invocation) {
  await using ledger = await openPlaceToRead(to, io);
  const head = await ledger.head();
  const chains = [await ledger.verifyRunChain(), await ledger.verifyAuditChain()];
  const broken = chains.find((chain) => chain.broken !== undefined)?.broken;
  const { recordings, runs, audits, outcomes, holds } = copied;
  if (settings.json) {
    const counts = { recordings, runs, audits, outcomes, holds };
    const time = new Date(io.clock.now()).toISOString();
    const event = { event: "ledger-copied", time, from: from.label, to: to.label, ...counts, head };
    await writeOut(`${JSON.stringify(event)}\n`, io);
  } else if (!settings.quiet) {
    const what = [
      formatNumberOf(recordings, "recording"),
      formatNumberOf(runs, "run"),
      formatNumberOf(audits, "audit record"),
      formatNumberOf(holds, "hold"),
    ];
    io.stderr.write(
      `Copied ${what.join(", ")} to ${to.label}, and read them back: the same, up to head ${head.slice(0, 16) || "(none)"}.\n${hintOf(from, to)}\n`,
    );
  }
  if (broken === undefined) return 0;
  io.stderr.write(
    `callreel: The records were not whole before the copy, and are not now: ${broken.reason} (${printable(broken.name)}). Run \`callreel verify\`.\n`,
  );
  return 6;
}

function hintOf(from: LedgerPlace, to: LedgerPlace): string {
  const rest = "the two part ways with the next command that writes to one of them.";
  if (from.kind === "file" && to.kind === "database")
    return `From now on set CALLREEL_LEDGER=${to.named} everywhere, and move ${from.file} away: ${rest}`;
  return `From now on use --ledger no more, on any machine: ${rest}`;
}
