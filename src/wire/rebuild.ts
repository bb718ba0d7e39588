import { existsSync } from "node:fs";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatCount, formatNumberOf } from "../core/format.ts";
import { defaultTemplate } from "../core/path-template.ts";
import type { Archive } from "../core/ports.ts";
import { printable } from "../core/printable.ts";
import type { RecordingRef } from "../core/recording.ts";
import { type Salvage, salvageLedger } from "../ledgers/index.ts";
import { version } from "../version.ts";
import { adoptFiles, know, openIdentify, unknownFiles } from "./adoption.ts";
import { archiveFolder, ledgerFile, reserveLedger, takeArchive, wireLedger } from "./archive.ts";

/**
 * Makes the archive's ledger anew: carries over all that can be read of the old one, which is kept aside, and records the
 * files that it did not name, as far as sidecar or name tell whose they are.
 */
export async function rebuildLedger(invocation: Invocation): Promise<void> {
  const { settings, io } = invocation;
  const root = archiveFolder(settings, io);
  if (!existsSync(root)) {
    throw new RecordingError("usage", `There is no archive at ${root}: give its folder with --dest.`);
  }
  const lock = await takeArchive(settings, io);
  try {
    const { aside, entries, unread } = await salvage(invocation);
    await using ledger = await wireLedger(settings, io);
    const byId = await wantedById(ledger);
    const pattern = settings.match ?? settings.output ?? defaultTemplate;
    const identify = await openIdentify(root, settings, { byId, pattern });
    const files = await unknownFiles(root, root, ledger, { stop: io.stop });
    const unmatched = (path: string, message: string) => {
      if (!settings.json) io.stderr.write(`not recorded: ${printable(path)}: ${printable(message)}\n`);
    };
    const hooks = { unmatched, adopted: () => {} };
    const adopted = await adoptFiles(root, files, identify, ledger, hooks);
    const told = `${formatCount(entries)} entries carried over, ${formatCount(adopted)} files recorded anew`;
    const lost = unreadInWords(unread);
    await ledger.audit({ action: "rebuild", detail: told + lost });
    const kept = aside === undefined ? "" : ` The old ledger is kept as ${aside}.`;
    if (!settings.quiet) io.stderr.write(`${told}.${kept}\n`);
    if (lost !== "") io.stderr.write(`callreel: the old ledger was damaged${lost}\n`);
  } finally {
    lock.release();
  }
}

/** What a rebuild had to leave behind. */
function unreadInWords(unread: Salvage["unread"]): string {
  const parts = [...unread].map(([what, rows]) =>
    rows === 0 ? what : `${what} (up to ${formatNumberOf(rows, "row")})`,
  );
  return parts.length === 0 ? "" : `; not readable: ${parts.join(", ")}`;
}

/** Nobody may have the old ledger open meanwhile: what he writes would be lost, and what he reads would be stale. */
async function salvage({ settings, io }: Invocation): Promise<Salvage> {
  const alone = await reserveLedger(settings, io);
  try {
    return salvageLedger(ledgerFile(settings, io), { clock: io.clock, pid: io.pid, version: version() });
  } finally {
    alone.release();
  }
}

/** What the old ledger knew of but did not hold, by id. */
async function wantedById(ledger: Archive): Promise<Map<string, RecordingRef | null>> {
  const byId = new Map<string, RecordingRef | null>();
  const states = ["pending", "claimed", "failed", "gone", "no-recording", "forbidden"] as const;
  for await (const page of ledger.entries({ states })) for (const { ref } of page) know(byId, ref);
  return byId;
}
