import { createReadStream, futimesSync } from "node:fs";
import { join } from "node:path";
import { contentLength, contentRange, strongValidator } from "../../core/answer.ts";
import { type Audio, audioExtensions } from "../../core/audio.ts";
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
  const paths = partialPaths(archive.root, expect.key);
  const part = await beginPart(paths, archive.boot, expect.resume);
  return new DiskIncoming({ archive, path, expect, paths, done }, part);
}

interface Intake {
  readonly archive: Archive;
  readonly path: string;
  readonly expect: Expectation;
  readonly paths: PartialPaths;
  readonly done: () => void;
}

class DiskIncoming implements Incoming {
  readonly rangeHeaders: Readonly<Record<string, string>>;
  readonly kept?: () => AsyncIterable<Uint8Array>;
  readonly #intake: Intake;
  #part: Part;
  /** Whether the answer's bytes belong into the part. */
  #taking = false;
  /** Whether the answer says that the part is all there is. */
  #whole = false;

  constructor(intake: Intake, part: Part) {
    const { earlier } = part;
    this.#intake = intake;
    this.#part = part;
    this.rangeHeaders = earlier === undefined ? none : rangeAfter(earlier);
    if (earlier !== undefined) this.kept = () => createReadStream(intake.paths.part, { end: earlier.length - 1 });
  }

  head(head: ResponseHead): void {
    const { earlier } = this.#part;
    if (earlier !== undefined && (head.status === 206 || head.status === 416)) {
      this.#taking = true;
      if (head.status === 206) mustContinue(head, earlier);
      else this.#whole = mustBeWhole(head, earlier);
    } else if (head.status >= 200 && head.status < 300) {
      if (earlier !== undefined) this.#startOver();
      this.#taking = true;
      mustBeginAtStart(head);
      this.#part.note = this.#intake.expect.resume ? noteOf(head, this.#intake.archive.boot) : undefined;
    }
    if (!this.#whole) this.#part.check.head(head);
  }

  chunk(bytes: Uint8Array): void | Promise<void> {
    const { check, sink } = this.#part;
    if (this.#whole) return;
    check.chunk(bytes);
    if (check.refused) return;
    try {
      return sink.write(bytes)?.catch((error: unknown) => {
        throw this.#diskError(error);
      });
    } catch (error) {
      throw this.#diskError(error);
    }
  }

  async finish(): Promise<Received> {
    const { archive, done } = this.#intake;
    try {
      const settled = archive.settler.add(await complete(this.#intake, this.#part));
      settled.then(done, done);
      if (archive.settler.crowded !== undefined) await archive.settler.crowded;
      return { settled };
    } catch (thrown) {
      const error = this.#diskError(thrown);
      await this.abandon(error);
      throw error;
    }
  }

  async abandon(error: RecordingError): Promise<void> {
    try {
      await this.#endBadly(error);
    } catch {
      await discardQuietly(this.#part);
    } finally {
      this.#intake.done();
    }
  }

  /** Keeps what a later run can continue, else removes it. */
  async #endBadly(error: RecordingError): Promise<void> {
    const part = this.#part;
    if (part.earlier !== undefined && !this.#taking) part.leave();
    else if (part.note !== undefined && canContinue(part, error)) await part.keep();
    else await part.discard();
  }

  #startOver(): void {
    try {
      this.#part.discard();
    } catch (error) {
      throw this.#diskError(error);
    }
    this.#part = freshPart(this.#intake.paths);
  }

  #diskError(error: unknown): RecordingError {
    return diskError(error, join(this.#intake.archive.root, this.#intake.path));
  }
}

const none = {};

function rangeAfter({ length, note }: Earlier): Readonly<Record<string, string>> {
  return { range: `bytes=${length}-`, "if-range": note.validator };
}

/** Refuses what would replace as much audio as it brings. */
function mustLast({ audioSeconds = 0 }: Audio, { longerThanSeconds }: Expectation): void {
  if (longerThanSeconds === undefined || audioSeconds > longerThanSeconds) return;
  throw new RecordingError("not-longer", "The source has no more of the recording than is here already.");
}

/** The whole file, checked and hashed, and told what it is. */
async function complete({ archive, path, paths, expect }: Intake, part: Part): Promise<Finished> {
  const audio = part.check.finish();
  mustLast(audio, expect);
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
  ...(["not-audio", "bad-audio", "empty-body", "bad-answer", "changed", "not-longer", "bug"] as const),
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
