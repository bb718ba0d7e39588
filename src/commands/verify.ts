import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, isBucket, openArchiveStore, openExistingLedger } from "../composition/archive.ts";
import { recordOf, type Sealed, verifySeals } from "../composition/head-and-seals.ts";
import { lostHead, lostHeadMeans, noteHeadAnew } from "../composition/noted-head.ts";
import { openMeter } from "../composition/reporter.ts";
import { timeText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { openHoldsCheck } from "../core/proof/holds-check.ts";
import { type Difference, type Subset, verifyEntries } from "../core/proof/verify.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf } from "../core/text.ts";
import { hashStored } from "../maintenance/read-stored.ts";
import { rebuildLedger, repairFiles } from "../maintenance/repair.ts";
import { writeSums } from "../maintenance/sums-file.ts";
import { verifyFiles } from "../maintenance/verify-files.ts";

/** Re-reads the archive against the ledger: every file, every record, and files that nobody knows. 6 when anything differs. */
export async function verify(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  const root = archiveFolder(settings, io);
  const subset = subsetOf(settings.readDataSubset);
  if (settings.rebuild) await rebuildLedger(invocation);
  await using ledger = await openExistingLedger(settings, io);
  await using store = await openArchiveStore(settings, io, ledger);
  const reads = !isBucket(settings) || settings.read === true || subset !== undefined;
  const counts = { files: 0, bytes: 0, differences: 0 };
  const meter = openMeter(
    invocation,
    () =>
      `${formatNumberOf(counts.files, "file")}, ${formatBytes(counts.bytes)} ${reads ? "re-read" : "compared"}, ${formatNumberOf(counts.differences, "difference")}`,
  );
  const differs = (difference: Difference) => {
    counts.differences += 1;
    meter.above(() => io.stdout.write(settings.json ? findingOf(difference, io.clock.now()) : lineOf(difference)));
  };
  const say = (line: string) => {
    if (!settings.json && !settings.quiet) meter.above(() => io.stderr.write(`${line}\n`));
  };
  const started = io.clock.monotonic();
  let code = 0;
  try {
    const unsound = await soundness(ledger);
    if (unsound !== undefined) differs({ kind: "ledger", message: unsound.message });
    const checked = (bytes: number) => {
      counts.files += 1;
      counts.bytes += bytes;
      meter.tick();
    };
    const { broken, arriving, noted } = await verifyFiles(root, store, ledger, {
      subset,
      differs,
      checked,
      stop: io.stop,
      ...(isBucket(settings) && { objects: { reads, timezone: settings.timezone } }),
    });
    if (arriving > 0) say(arrivingInWords(arriving));
    if (noted > 0) say(`${formatNumberOf(noted, "transcript")} newly recorded.`);
    await verifyRecords(ledger, differs);
    await verifyNotedHead(root, ledger, settings.head, differs);
    if (settings.head !== undefined) await verifyHead(settings.head, ledger, differs, say, settings.timezone);
    if (settings.seal !== undefined) {
      const sealed = await verifySeals(resolve(io.cwd, settings.seal), root, ledger, differs);
      if (sealed !== undefined) say(sealedInWords(sealed, settings.timezone));
    }
    if (settings.writeSums) await writeSums(invocation, ledger);
    if (unsound !== undefined) throw unsound;
    if (settings.repair && broken.length > 0) {
      meter.close();
      code = await repairFiles(invocation, ledger, broken);
      const left = await stillBroken(store, ledger, broken);
      counts.differences -= broken.length - left;
      say(`${formatCount(broken.length - left)} of ${formatNumberOf(broken.length, "file")} repaired.`);
    }
    const refused = await recorded(invocation, ledger, { ...counts, read: reads });
    const head = refused === undefined ? await noteHeadAnew(root, ledger) : await ledger.head();
    meter.close();
    tellEnd(invocation, { ...counts, read: reads }, io.clock.monotonic() - started, head);
    if (refused !== undefined) throw refused;
  } finally {
    meter.close();
  }
  return worst([code, counts.differences === 0 ? 0 : exitCodeOf("differences")]);
}

/** Notes in the audit log what was found; who may only read a ledger hears it all the same, and then why it is not noted. */
async function recorded(invocation: Invocation, ledger: Archive, counts: Counts): Promise<unknown> {
  try {
    return await ledger.audit({ action: "verify", detail: recordOf(invocation, counts) });
  } catch (error) {
    return error;
  }
}

/** Reads what was fetched again once more, and counts what is not as the ledger says. */
async function stillBroken(store: Store, ledger: Archive, keys: readonly RecordingKey[]): Promise<number> {
  const left = new Set<string>();
  const ports = {
    hash: (path: string) => hashStored(store, path),
    differs: ({ key = "" }: Difference) => left.add(key),
    checked: () => {},
  };
  async function* pages() {
    for (let at = 0; at < keys.length; at += 500) {
      const entries = await ledger.entriesOf(keys.slice(at, at + 500));
      yield entries.filter((entry) => entry !== undefined);
    }
  }
  await verifyEntries(pages(), undefined, availableParallelism(), ports);
  return left.size;
}

interface Counts {
  files: number;
  bytes: number;
  differences: number;
  /** The bytes were read, and not only what a store tells of them. */
  read: boolean;
}

function tellEnd({ settings, io }: Invocation, counts: Counts, ms: number, head: string): void {
  const { files, bytes, differences, read } = counts;
  if (settings.json) {
    const time = new Date(io.clock.now()).toISOString();
    io.stdout.write(`${JSON.stringify({ event: "verify-finished", time, ...counts, ms: Math.round(ms), head })}\n`);
    return;
  }
  if (!settings.quiet || differences > 0) {
    const what = differences === 0 ? "all unchanged" : formatNumberOf(differences, "difference");
    const none = files === 0 ? " There was nothing to check." : "";
    const how = read
      ? `re-read in ${formatDuration(ms)}`
      : `compared, not read (--read does that), in ${formatDuration(ms)}`;
    io.stderr.write(`${formatNumberOf(files, "file")} (${formatBytes(bytes)}) ${how}: ${what}.${none}\n`);
  }
  if (settings.verbose !== undefined) io.stdout.write(`${head}\n`);
}

/** Why the ledger's own file cannot be trusted; all that can be read of it is verified all the same. */
async function soundness(ledger: Archive): Promise<RecordingError | undefined> {
  try {
    await ledger.checkFile();
    return undefined;
  } catch (error) {
    if (error instanceof RecordingError && error.code === "ledger") return error;
    throw error;
  }
}

function arrivingInWords(count: number): string {
  return `${formatNumberOf(count, "file")} arrived from a run that is still working and not recorded yet: verify again when it has finished.`;
}

function findingOf(difference: Difference, nowMs: number): string {
  return `${JSON.stringify({ event: "finding", time: new Date(nowMs).toISOString(), ...difference })}\n`;
}

function lineOf({ kind, path, key, message }: Difference): string {
  return `${kind}: ${path ?? key ?? ""}${path !== undefined && key !== undefined ? ` (${key})` : ""}: ${message}\n`;
}

function subsetOf(text: string | undefined): Subset | undefined {
  if (text === undefined) return undefined;
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const subset = { part: Number(part), of: Number(of) };
  if (subset.part >= 1 && subset.part <= subset.of) return subset;
  throw new RecordingError("usage", `--read-data-subset: "${text}" is not a part such as 1/7.`);
}

/** The records, what they say became of recordings, and whether the entries say so too. */
async function verifyRecords(ledger: Archive, differs: (difference: Difference) => void): Promise<void> {
  const runs = await ledger.verifyRunChain();
  if (runs.broken !== undefined) differs({ kind: "run-record", key: runs.broken.name, message: runs.broken.reason });
  const audits = await ledger.verifyAuditChain();
  if (audits.broken !== undefined)
    differs({ kind: "audit-record", key: audits.broken.name, message: audits.broken.reason });
  for await (const { name, reason } of ledger.brokenOutcomes())
    differs({ kind: "outcome", key: name, message: reason });
  await verifyHolds(ledger, differs);
}

/** Whether every legal hold stands that the audit log has in force; one lifted or placed meanwhile is no difference. */
async function verifyHolds(ledger: Archive, differs: (difference: Difference) => void): Promise<void> {
  const check = openHoldsCheck();
  const before = await ledger.holds();
  for await (const page of ledger.records()) for (const record of page) if (record.kind === "audit") check.told(record);
  for (const { name, reason } of check.missing([...before, ...(await ledger.holds())]))
    differs({ kind: "hold", key: name, message: reason });
}

/** Whether the archive goes back to the head that it noted itself; `given` is told of anyway. */
async function verifyNotedHead(
  root: string,
  ledger: Archive,
  given: string | undefined,
  differs: (difference: Difference) => void,
): Promise<void> {
  const lost = await lostHead(root, ledger);
  if (lost !== undefined && lost !== given) differs({ kind: "head", key: lost, message: lostHeadMeans });
}

/** Whether the archive goes back to a head that was noted earlier. */
async function verifyHead(
  given: string,
  ledger: Archive,
  differs: (difference: Difference) => void,
  say: (line: string) => void,
  timezone: string | undefined,
): Promise<void> {
  const head = given.trim().toLowerCase();
  const found = await ledger.findHead(head);
  if (found === undefined) {
    const message =
      "the archive's history does not contain this head: its records were truncated, replaced or rewritten";
    differs({ kind: "head", key: head, message });
  } else
    say(
      `The archive's history contains ${head}, of ${timeText(found.at, timezone)}; ${formatNumberOf(found.later, "outcome")} since then.`,
    );
}

function sealedInWords({ head, sealedAt, at, later }: Sealed, timezone: string | undefined): string {
  return `Sealed at ${timeText(sealedAt, timezone)}: the archive's history contains ${head}, of ${timeText(at, timezone)}; ${formatNumberOf(later, "outcome")} since then.`;
}
