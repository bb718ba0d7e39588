import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import {
  archiveFolder,
  openArchiveStore,
  openExistingLedger,
  takeArchive,
  wireLedger,
} from "../composition/archive.ts";
import { namesOf } from "../composition/plan.ts";
import { openMeter } from "../composition/reporter.ts";
import { openGivenRefs } from "../composition/rows.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { portalPattern } from "../core/naming/file-name-parser.ts";
import { formatBytes, formatCount, formatNumberOf, printable } from "../core/text.ts";
import { openDestination } from "../destinations/index.ts";
import {
  type AdoptionHooks,
  adoptFiles,
  type Clues,
  know,
  openIdentify,
  openIdentifyByName,
  unknownFiles,
} from "../maintenance/adoption.ts";
import { filesFrom, isZip, takeIn } from "../maintenance/portal-intake.ts";
import { noteTranscriptsAnew } from "../maintenance/transcripts.ts";

/**
 * Records the files of an older script, where they stand in the archive, as done, and copies RingCentral's portal
 * downloads (zips, or folders elsewhere) into it. 3 when some could not be matched, 2 when some rows could not be read.
 */
export async function adopt(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const root = archiveFolder(settings, io);
  if (settings.transcripts) return adoptTranscripts(invocation);
  const place = placeOf(root, resolve(io.cwd, args[0] ?? "."), settings.match === portalPattern);
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
    const told = openTelling(invocation);
    const count =
      (place.within ? await adoptWithin(invocation, place.path, clues, { ledger, told }) : 0) +
      (settings.match === portalPattern ? await copyInto(invocation, place, clues, { ledger, told }) : 0);
    if (count > 0) await ledger.audit({ action: "adopt", detail: adoptedInWords(count, place.path) });
    return worst([told.end(count), rejected > 0 ? exitCodeOf("bad-rows") : 0]);
  } finally {
    lock.release();
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
  const { path } = placeOf(root, resolve(io.cwd, args[0] ?? "."), false);
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await openExistingLedger(settings, io);
    const count = await noteTranscriptsAnew(root, relative(root, path).split(sep).join("/"), ledger, io.stop);
    const told = `transcripts of ${formatNumberOf(count, "recording")} in ${path} recorded as they stand`;
    if (count > 0) await ledger.audit({ action: "adopt", detail: told });
    if (!settings.quiet) io.stderr.write(`${told[0]?.toUpperCase()}${told.slice(1)}.\n`);
    return 0;
  } finally {
    lock.release();
  }
}

function adoptedInWords(count: number, path: string): string {
  return `${formatNumberOf(count, "recording")} from ${path}`;
}

interface Parts {
  readonly ledger: Archive;
  readonly told: Telling;
}

/** Files that stand in the archive already. */
async function adoptWithin(
  { settings, io }: Invocation,
  folder: string,
  clues: Clues,
  { ledger, told }: Parts,
): Promise<number> {
  const root = archiveFolder(settings, io);
  const identify = await openIdentify(root, settings, clues);
  await using store = await openArchiveStore(settings, io);
  const under = relative(root, folder).split(sep).join("/");
  const files = await unknownFiles(store, ledger, { stop: io.stop, under });
  const portal = settings.match === portalPattern;
  return await adoptFiles(root, store, portal ? withoutZips(files) : files, identify, ledger, told);
}

/** Files from elsewhere, and from zips. */
async function copyInto(
  { settings, io }: Invocation,
  { path, within }: Place,
  clues: Clues,
  { ledger, told }: Parts,
): Promise<number> {
  const identify = await openIdentifyByName(settings, clues);
  await using destination = await openDestination(archiveFolder(settings, io), {});
  const ports = { destination, ledger, identify, ...namesOf(settings) };
  return await takeIn(filesFrom(path, within), ports, told, io.stop);
}

async function* withoutZips(paths: AsyncIterable<string>): AsyncIterable<string> {
  for await (const path of paths) if (!isZip(path)) yield path;
}

interface Place {
  readonly path: string;
  /** A folder in the archive. */
  readonly within: boolean;
}

/** Where the files are; only portal downloads may be outside of the archive, for a ledger speaks of nothing else. */
function placeOf(root: string, given: string, portal: boolean): Place {
  if (!existsSync(given)) throw new RecordingError("usage", `${given} does not exist.`);
  if (portal && statSync(given).isFile()) return { path: given, within: false };
  const home = existsSync(root) ? realpathSync(root) : root;
  const path = relative(home, realpathSync(given));
  const within = path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  if (within) return { path: resolve(root, path), within };
  if (portal) return { path: given, within };
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
