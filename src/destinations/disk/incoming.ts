import { createReadStream, futimesSync } from "node:fs";
import { join } from "node:path";
import { contentLength, contentRange, strongValidator } from "../../core/answer.ts";
import { audioExtensions } from "../../core/audio.ts";
import { type ErrorCode, RecordingError } from "../../core/errors.ts";
import { extensionMark } from "../../core/path-template.ts";
import type { Expectation, Incoming, Received } from "../../core/ports.ts";
import type { ResponseHead, Stored } from "../../core/recording.ts";
import type { Archive } from "./archive.ts";
import { diskError } from "./disk-error.ts";
import { beginPart, freshPart, type Part } from "./part.ts";
import { type PartialNote, type PartialPaths, partialPaths } from "./partial.ts";
import type { Finished } from "./settle.ts";
import { writeSidecar } from "./sidecar.ts";

/**
 * Takes one recording in. Says how to continue what an earlier attempt kept, holds the answer against that and the bytes
 * against what a recording must be, and hands the whole file to the settler. `done` is called once, at the very end.
 */
export async function openIncoming(
  archive: Archive,
  path: string,
  expect: Expectation,
  done: () => void,
): Promise<Incoming> {
  const shown = () => join(archive.root, path);
  const paths = partialPaths(archive.root, expect.key);
  const part = await beginPart(paths, archive.boot, expect.resume);
  const { earlier } = part;
  const intake: Intake = { part, taking: false, whole: false };

  const putAway = (error: RecordingError) => endBadly(intake, error).finally(done);

  return {
    rangeHeaders:
      earlier === undefined ? {} : { range: `bytes=${earlier.length}-`, "if-range": earlier.note.validator },
    ...(earlier && { kept: () => createReadStream(paths.part, { end: earlier.length - 1 }) }),
    head(head) {
      if (earlier !== undefined && (head.status === 206 || head.status === 416)) {
        intake.taking = true;
        if (head.status === 206) mustContinue(head, earlier);
        else intake.whole = mustBeWhole(head, earlier);
      } else if (head.status >= 200 && head.status < 300) {
        if (earlier !== undefined) guarded(shown, () => intake.part.discard());
        if (earlier !== undefined) intake.part = freshPart(paths);
        intake.taking = true;
        mustBeginAtStart(head);
        intake.part.note = expect.resume ? noteOf(head, archive.boot) : undefined;
      }
      if (!intake.whole) intake.part.check.head(head);
    },
    chunk(bytes) {
      const { check, sink } = intake.part;
      if (intake.whole) return;
      check.chunk(bytes);
      if (!check.refused) return guarded(shown, () => sink.write(bytes));
    },
    async finish() {
      try {
        const settled = archive.settler.add(await complete(archive, path, paths, expect, intake.part));
        settled.then(done, done);
        await archive.settler.crowded;
        return { settled } satisfies Received;
      } catch (thrown) {
        const error = diskError(thrown, shown());
        await putAway(error);
        throw error;
      }
    },
    abandon: putAway,
  };
}

interface Intake {
  part: Part;
  /** Whether the answer's bytes belong into the part. */
  taking: boolean;
  /** Whether the answer says that the part is all there is. */
  whole: boolean;
}

/** Keeps what a later run can continue, else removes it. Never rejects. */
async function endBadly({ part, taking }: Intake, error: RecordingError): Promise<void> {
  try {
    if (part.earlier !== undefined && !taking) part.leave();
    else if (part.note !== undefined && canContinue(part, error)) await part.keep();
    else await part.discard();
  } catch {
    await discardQuietly(part);
  }
}

async function complete(
  archive: Archive,
  path: string,
  paths: PartialPaths,
  expect: Expectation,
  part: Part,
): Promise<Finished> {
  const audio = part.check.finish();
  const fd = await part.complete();
  const stored: Stored = {
    path: path.replaceAll(extensionMark, audioExtensions[audio.contentType]),
    bytes: part.sink.bytes,
    sha256: part.sink.sha256(),
    ...audio,
    ...(part.earlier === undefined ? {} : { resumedFrom: part.earlier.length }),
  };
  if (archive.mtime && expect.mtimeMs !== undefined) futimesSync(fd, expect.mtimeMs / 1000, expect.mtimeMs / 1000);
  const sidecar = expect.sidecar === undefined ? undefined : writeSidecar(paths.sidecar, path, stored, expect.sidecar);
  part.handOver();
  const note = part.noted ? paths.note : undefined;
  return { fd, from: paths.part, note, stored, overwrite: expect.overwrite, sidecar };
}

type Earlier = NonNullable<Part["earlier"]>;

function noteOf(head: ResponseHead, boot: string): PartialNote | undefined {
  const validator = strongValidator(head);
  if (validator === undefined || head.headers["accept-ranges"] === "none") return undefined;
  const total = contentRange(head)?.total ?? contentLength(head);
  return { validator, ...(total === undefined ? {} : { total }), boot, synced: 0 };
}

function mustContinue(head: ResponseHead, { length, note }: Earlier): void {
  const range = contentRange(head);
  const fits = range?.first === length && (range.total ?? note.total) === (note.total ?? range.total);
  if (fits && strongValidator(head) === note.validator) return;
  throw new RecordingError("changed", "The server continued something other than what was kept: starting over.");
}

function mustBeWhole(head: ResponseHead, { length, note }: Earlier): true {
  if ((contentRange(head)?.total ?? note.total) === length) return true;
  throw new RecordingError("changed", "The recording has another length than before at the source: starting over.");
}

/** Some servers answer with the first part of a long file although the whole was asked for. */
function mustBeginAtStart(head: ResponseHead): void {
  if (head.status === 206 && contentRange(head)?.first !== 0) {
    throw new RecordingError("bad-answer", "The server sent a middle part of the recording that nobody asked for.");
  }
}

/** After these the bytes are of no use to anyone. */
const ruined: ReadonlySet<ErrorCode> = new Set([
  ...(["not-audio", "bad-audio", "empty-body", "bad-answer", "changed", "bug"] as const),
  ...(["disk-full", "disk-denied", "disk-read-only", "disk-io"] as const),
]);

function canContinue({ check, sink, note }: Part, error: RecordingError): boolean {
  if (ruined.has(error.code) || check.refused || check.type === undefined) return false;
  return note?.total === undefined || sink.bytes <= note.total;
}

async function discardQuietly(part: Part): Promise<void> {
  try {
    await part.discard();
  } catch {
    // It cannot be removed: the next attempt tries again before it writes.
  }
}

/** What the disk throws, at once or later, as one of our errors. */
function guarded(path: () => string, work: () => void | Promise<void>): void | Promise<void> {
  try {
    return work()?.catch((error: unknown) => {
      throw diskError(error, path());
    });
  } catch (error) {
    throw diskError(error, path());
  }
}
