import { renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { hashFile } from "../archive-files.ts";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount, formatDuration } from "../core/format.ts";
import type { Archive } from "../core/ports.ts";
import { type Difference, type Subset, verifyEntries } from "../core/verify.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { nameBeside } from "../new-file.ts";
import { unknownFiles } from "../wire/adoption.ts";
import { archiveFolder, openExistingLedger } from "../wire/archive.ts";
import { noteHead } from "../wire/head.ts";
import { openMeter } from "../wire/meter.ts";
import { rebuildLedger } from "../wire/rebuild.ts";

/** Re-reads the archive against the ledger: every file, the run records, and files that nobody knows. 6 when anything differs. */
export async function verify(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  const root = archiveFolder(settings, io);
  const subset = subsetOf(settings.readDataSubset);
  const started = io.clock.monotonic();
  if (settings.rebuild) await rebuildLedger(invocation);
  await using ledger = await openExistingLedger(settings, io);
  let differences = 0;
  let files = 0;
  let bytes = 0;
  const meter = openMeter(
    invocation,
    () => `${formatCount(files)} files, ${formatBytes(bytes)} re-read, ${differences} differ`,
  );
  const differs = (difference: Difference) => {
    differences += 1;
    meter.above(() => io.stdout.write(settings.json ? `${JSON.stringify(difference)}\n` : lineOf(difference)));
  };
  const checked = (size: number) => {
    files += 1;
    bytes += size;
    meter.tick();
  };
  const say = (line: string) => settings.json || settings.quiet || meter.above(() => io.stderr.write(`${line}\n`));
  let head = "";
  try {
    const ports = { hash: (path: string) => hashFile(root, path), differs, checked };
    await verifyEntries(
      stoppable(ledger.entries({ states: ["done"] }), io.stop),
      subset,
      availableParallelism(),
      ports,
    );
    await verifyChains(ledger, differs);
    if (settings.head !== undefined) await verifyHead(settings.head, ledger, differs, say);
    if (subset === undefined) {
      for await (const path of await unknownFiles(root, root, ledger, io.stop))
        differs({ kind: "unknown-file", path, message: "no entry of the ledger names it; callreel adopt records it" });
    }
    if (settings.writeSums) await writeSums(root, invocation, ledger);
    head = await noteHead(root, ledger);
  } finally {
    meter.close();
  }
  const took = formatDuration(io.clock.monotonic() - started);
  if (!settings.json && !(settings.quiet && differences === 0)) {
    io.stderr.write(
      `${formatCount(files)} files, ${formatBytes(bytes)} re-read in ${took}: ${differences === 0 ? "all as they came" : `${differences} differ`}.\n`,
    );
  }
  if (settings.verbose !== undefined && !settings.json) io.stdout.write(`${head}\n`);
  return differences === 0 ? 0 : exitCodeOf("differences");
}

function lineOf({ kind, path, key, message }: Difference): string {
  return `${kind}: ${path ?? key ?? ""}${path !== undefined && key !== undefined ? ` (${key})` : ""}: ${message}\n`;
}

function subsetOf(text: string | undefined): Subset | undefined {
  if (text === undefined) return undefined;
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const subset = { part: Number(part), of: Number(of) };
  if (subset.part >= 1 && subset.part <= subset.of) return subset;
  throw new RecordingError("usage", `--read-data-subset: "${text}" is not of the form 1/7.`);
}

async function* stoppable<T>(pages: AsyncIterable<T>, stop: AbortSignal): AsyncIterable<T> {
  for await (const page of pages) {
    stop.throwIfAborted();
    yield page;
  }
}

async function verifyChains(ledger: Archive, differs: (difference: Difference) => void): Promise<void> {
  const runs = await ledger.verifyRunChain();
  if (runs.broken !== undefined) differs({ kind: "run-record", key: runs.broken.name, message: runs.broken.reason });
  const audits = await ledger.verifyAuditChain();
  if (audits.broken !== undefined)
    differs({ kind: "audit-record", key: audits.broken.name, message: audits.broken.reason });
  for await (const { name, reason } of ledger.brokenOutcomes())
    differs({ kind: "outcome", key: name, message: reason });
}

/** Whether the archive goes back to a head that was noted earlier. */
async function verifyHead(
  given: string,
  ledger: Archive,
  differs: (difference: Difference) => void,
  say: (line: string) => void,
): Promise<void> {
  const head = given.trim().toLowerCase();
  const found = await ledger.findHead(head);
  if (found === undefined) {
    const message = "the archive does not go back to this head: its records were cut off, replaced or written anew";
    differs({ kind: "head", key: head, message });
  } else say(`The archive goes back to ${head}, of ${found.at}; ${formatCount(found.later)} outcomes have come since.`);
}

/** `SHA256SUMS` in the form that `sha256sum -c` reads, replaced in one step. */
async function writeSums(root: string, { io }: Invocation, ledger: Archive): Promise<void> {
  const path = join(root, "SHA256SUMS");
  const part = nameBeside(path);
  const file = await open(part, "wx", 0o600);
  try {
    for await (const page of stoppable(ledger.entries({ states: ["done"] }), io.stop)) {
      await file.write(page.map(({ stored }) => sumLine(stored?.sha256 ?? "", stored?.path ?? "")).join(""));
    }
    await file.sync();
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** A name with a backslash or line break is escaped and its line marked, as sha256sum does. */
function sumLine(sha256: string, path: string): string {
  const escaped = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === path ? "" : "\\"}${sha256}  ${escaped}\n`;
}
