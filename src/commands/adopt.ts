import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Settings } from "../cli/config.ts";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { archivePlace } from "../cli/options/bucket.ts";
import {
  archiveFolder,
  isBucket,
  openArchiveStore,
  openExistingLedger,
  takeArchive,
  wireLedger,
} from "../composition/archive.ts";
import { wireDestination } from "../composition/destination.ts";
import { lockedAsAsked } from "../composition/noted-locks.ts";
import { namesOf } from "../composition/plan.ts";
import { openMeter } from "../composition/reporter.ts";
import { openGivenRefs } from "../composition/rows.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Destination } from "../core/model/ports.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { portalPattern } from "../core/naming/file-name-parser.ts";
import { formatBytes, formatCount, formatNumberOf, printable } from "../core/text.ts";
import { transcriptExtension } from "../core/transcripts/names.ts";
import {
  type AdoptionHooks,
  adoptFiles,
  type Clues,
  know,
  openIdentify,
  openIdentifyByName,
  unknownFiles,
} from "../maintenance/adoption.ts";
import { openBesideListed } from "../maintenance/beside-objects.ts";
import { filesFrom, isZip, takeIn } from "../maintenance/portal-intake.ts";
import { besideFiles, noteTranscriptsAnew } from "../maintenance/transcripts.ts";

/**
 * Records the files of an older script, where they stand in the archive, as done, and copies RingCentral's portal
 * downloads (zips, or folders elsewhere) into it. 3 when some could not be matched, 2 when some rows could not be read.
 */
export async function adopt(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const root = archiveFolder(settings, io);
  if (settings.transcripts) return adoptTranscripts(invocation);
  const portal = settings.match === portalPattern;
  const given = args[0] ?? ".";
  const place = isBucket(settings)
    ? placeInBucket(settings.dest ?? "", given, resolve(io.cwd, given), portal)
    : placeOf(root, resolve(io.cwd, given), portal);
  if (settings.match === undefined && settings.rows === undefined && settings.database === undefined) {
    throw new RecordingError(
      "usage",
      "adopt needs to know how the files are named: give --match '{date}_{time}_{id}.{ext}', or the calls' rows with --rows.",
    );
  }
  const { byId, rejected } = await readRows(invocation);
  const clues = { byId, pattern: settings.match };
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await wireLedger(settings, io, true);
    await using destination = await openArchiveDestination(settings, io, ledger);
    const told = openTelling(invocation);
    const parts = { ledger, told, destination };
    const count =
      (place.within ? await adoptWithin(invocation, place, clues, parts) : 0) +
      (portal && !place.path.startsWith("s3:") ? await copyInto(invocation, place, clues, parts) : 0);
    if (count > 0) await ledger.audit({ action: "adopt", detail: adoptedInWords(count, place.path) });
    return worst([told.end(count), rejected > 0 ? exitCodeOf("bad-rows") : 0]);
  } finally {
    await lock.release();
  }
}

/** Takes the transcripts that stand in a folder of the archive as they are, in place of what the ledger says of them. */
async function adoptTranscripts({ settings, io, args }: Invocation): Promise<number> {
  if (settings.match !== undefined || settings.rows !== undefined || settings.database !== undefined) {
    throw new RecordingError(
      "usage",
      "adopt --transcripts takes recordings that are held: leave out --match and rows.",
    );
  }
  const root = archiveFolder(settings, io);
  const given = args[0] ?? ".";
  const { path, under } = isBucket(settings)
    ? placeInBucket(settings.dest ?? "", given, resolve(io.cwd, given), false)
    : placeOf(root, resolve(io.cwd, given), false);
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await openExistingLedger(settings, io);
    await using store = await openArchiveStore(settings, io, ledger);
    const find = isBucket(settings) ? await openBesideListed(store, under) : besideFiles(root);
    const count = await noteTranscriptsAnew(find, under, ledger, io.stop);
    const told = `transcripts of ${formatNumberOf(count, "recording")} in ${path} recorded as they stand`;
    if (count > 0) await ledger.audit({ action: "adopt", detail: told });
    if (!settings.quiet) io.stderr.write(`${told[0]?.toUpperCase()}${told.slice(1)}.\n`);
    return 0;
  } finally {
    await lock.release();
  }
}

function adoptedInWords(count: number, path: string): string {
  return `${formatNumberOf(count, "recording")} from ${path}`;
}

interface Parts {
  readonly ledger: Archive;
  readonly told: Telling;
  readonly destination: Destination;
}

/** Joins a bucket with the ledger, too. */
async function openArchiveDestination(settings: Settings, io: Io, ledger: Archive): Promise<Destination> {
  const report = (event: DownloadEvent) => {
    if (event.event === "notice" && !settings.quiet) io.stderr.write(`${event.message}\n`);
  };
  return wireDestination(await lockedAsAsked(settings, ledger), io, ledger, {
    keepSecret: () => {},
    logRequest: () => {},
    report,
  });
}

/** Files that stand in the archive already. */
async function adoptWithin(
  { settings, io }: Invocation,
  { under }: Place,
  clues: Clues,
  { ledger, told }: Parts,
): Promise<number> {
  const root = archiveFolder(settings, io);
  const identify = await openIdentify(root, settings, clues);
  await using store = await openArchiveStore(settings, io);
  const files = await unknownFiles(store, ledger, { stop: io.stop, under });
  const portal = settings.match === portalPattern;
  const isAudio = (path: string) =>
    !(portal && isZip(path)) && !(isBucket(settings) && transcriptExtension(path) !== undefined);
  return await adoptFiles(root, store, only(files, isAudio), identify, ledger, told);
}

/** Files from elsewhere, and from zips. */
async function copyInto(
  { settings, io }: Invocation,
  { path, within }: Place,
  clues: Clues,
  { ledger, told, destination }: Parts,
): Promise<number> {
  const identify = await openIdentifyByName(settings, clues);
  const ports = { destination, ledger, identify, ...namesOf(settings) };
  return await takeIn(filesFrom(path, within), ports, told, io.stop);
}

async function* only(paths: AsyncIterable<string>, fits: (path: string) => boolean): AsyncIterable<string> {
  for await (const path of paths) if (fits(path)) yield path;
}

interface Place {
  readonly path: string;
  /** A folder in the archive. */
  readonly within: boolean;
  /** Relative to the archive, with `/`; empty for all of it. */
  readonly under: string;
}

/** Objects that stand in the bucket's archive, or a portal download on this machine. */
function placeInBucket(dest: string, given: string, local: string, portal: boolean): Place {
  if (!/^s3:/i.test(given)) {
    if (portal && existsSync(local)) return { path: local, within: false, under: "" };
    const remedy = `name objects that stand in ${dest}, as in ${dest}/old, or with --match ringcentral-portal a download on this machine.`;
    throw new RecordingError("usage", `adopt ${given}: ${remedy}`);
  }
  const path = archivePlace(given);
  if (path === dest || path.startsWith(`${dest}/`)) return { path, within: true, under: path.slice(dest.length + 1) };
  throw new RecordingError(
    "usage",
    `${path} is not in the archive ${dest}: copy the objects there first, or name it with --dest.`,
  );
}

/** Where the files are; only portal downloads may be outside of the archive, for a ledger speaks of nothing else. */
function placeOf(root: string, given: string, portal: boolean): Place {
  if (!existsSync(given)) throw new RecordingError("usage", `${given} does not exist.`);
  if (portal && statSync(given).isFile()) return { path: given, within: false, under: "" };
  const home = existsSync(root) ? realpathSync(root) : root;
  const path = relative(home, realpathSync(given));
  const within = path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  if (within) return { path: resolve(root, path), within, under: path.split(sep).join("/") };
  if (portal) return { path: given, within, under: "" };
  throw new RecordingError(
    "usage",
    `${given} is not in the archive ${root}: move the files there first, or name the folder around them with --dest.`,
  );
}

interface Telling extends AdoptionHooks {
  /** Says what it came to; the exit code. */
  end(count: number): number;
}

function openTelling(invocation: Invocation): Telling {
  const { settings, io } = invocation;
  let unmatched = 0;
  let bytes = 0;
  const meter = openMeter(invocation, () => `${formatBytes(bytes)} read, ${formatCount(unmatched)} not matched`);
  const print = (line: object, text: string) =>
    meter.above(() => io.stdout.write(settings.json ? `${JSON.stringify(line)}\n` : text));
  return {
    unmatched(path, message) {
      unmatched += 1;
      print({ kind: "unmatched", path, message }, `unmatched: ${printable(path)}: ${printable(message)}\n`);
    },
    adopted(ref, stored) {
      bytes += stored.bytes;
      if (settings.json) print({ kind: "adopted", key: ref.key, ...stored }, "");
      meter.tick();
    },
    end(count) {
      meter.close();
      if (!settings.quiet) {
        io.stderr.write(
          `${formatNumberOf(count, "recording")} (${formatBytes(bytes)}) recorded as held; ${formatNumberOf(unmatched, "file")} not matched.\n`,
        );
      }
      return unmatched > 0 ? exitCodeOf("not-audio") : 0;
    },
  };
}

/** The recordings of the given rows by id, and how many rows could not be read. */
async function readRows(invocation: Invocation) {
  const byId = new Map<string, RecordingRef | null>();
  const given = await openGivenRefs(invocation);
  try {
    for await (const ref of given?.refs ?? []) know(byId, ref);
    return { byId, rejected: given?.rejected() ?? 0 };
  } finally {
    await given?.close();
  }
}
