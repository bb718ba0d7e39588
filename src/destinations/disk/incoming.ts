/*
 * A recording's file is made before its request: a full disk then costs no request, and the file that stands there
 * already tells what an earlier run kept without a question of its own.
 */

import { join } from "node:path";
import { type Audio, audioExtensions } from "../../core/audio/check.ts";
import { type ErrorCode, RecordingError } from "../../core/model/errors.ts";
import type { Expectation, Incoming, Received } from "../../core/model/ports.ts";
import type { ResponseHead, Stored } from "../../core/model/recording.ts";
import { contentRange } from "../../core/model/response-headers.ts";
import { extensionMark } from "../../core/naming/path-template.ts";
import { diskError } from "../../platform/disk-error.ts";
import type { Archive } from "./archive-folder.ts";
import type { Finished } from "./commit.ts";
import { beginPart, freshPart, type Part } from "./part.ts";
import { fileIdAt, type PartialPaths, partialPaths } from "./part-files.ts";
import {
  mustBeAll,
  mustBeginAtStart,
  mustContinue,
  noteOf,
  type Overlap,
  openOverlap,
  rangeHeaders,
} from "./resume.ts";
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
  const standing = expect.overwrite ? whatStands(archive, path) : undefined;
  const part = await beginPart(paths, archive.boot, expect.resume);
  return new DiskIncoming({ archive, path, expect, paths, standing, done }, part);
}

/** Every path that the recording may get, and which file stands there by now. */
function whatStands({ root }: Archive, path: string): ReadonlyMap<string, string | undefined> {
  return new Map(variantsOf(path).map((variant) => [variant, fileIdAt(join(root, variant))]));
}

interface Intake {
  readonly archive: Archive;
  readonly path: string;
  readonly expect: Expectation;
  readonly paths: PartialPaths;
  /** What may be replaced. */
  readonly standing: ReadonlyMap<string, string | undefined> | undefined;
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
  /** What the answer repeats of the part. */
  #overlap: Overlap | undefined;

  constructor(intake: Intake, part: Part) {
    const { earlier } = part;
    this.#intake = intake;
    this.#part = part;
    this.rangeHeaders = earlier === undefined ? none : rangeHeaders(earlier);
    if (earlier !== undefined) this.kept = () => part.keptBytes(earlier);
  }

  head(head: ResponseHead): void {
    const { earlier } = this.#part;
    if (earlier !== undefined && head.status === 416) {
      this.#taking = true;
      mustBeAll(head, earlier);
      this.#whole = true;
    } else if (earlier !== undefined && head.status === 206 && contentRange(head)?.first !== 0) {
      this.#taking = true;
      this.#overlap = openOverlap(earlier.tail);
      this.#part.check.head(mustContinue(head, earlier));
    } else {
      if (head.status >= 200 && head.status < 300) this.#begin(head);
      this.#part.check.head(head);
    }
  }

  #begin(head: ResponseHead): void {
    if (this.#part.earlier !== undefined) this.#startOver();
    this.#taking = true;
    mustBeginAtStart(head);
    this.#part.note = this.#intake.expect.resume ? noteOf(head, this.#intake.archive.boot) : undefined;
  }

  chunk(bytes: Uint8Array): void | Promise<void> {
    const { check, sink } = this.#part;
    if (this.#whole) return;
    const fresh = this.#overlap === undefined ? bytes : this.#overlap.rest(bytes);
    if (fresh.length === 0) return;
    check.chunk(fresh);
    if (check.refused) return;
    let written: ReturnType<typeof sink.write>;
    try {
      written = sink.write(fresh);
    } catch (error) {
      throw this.#diskError(error);
    }
    return written?.catch((error: unknown) => {
      throw this.#diskError(error);
    });
  }

  async finish(): Promise<Received> {
    const { archive, done } = this.#intake;
    try {
      mustRepeatAll(this.#overlap);
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
    if (part.earlier !== undefined && !this.#taking && !unusable.has(error.code)) part.leave();
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

/** Refuses what would replace as much audio as it brings. */
function mustLast({ audioSeconds = 0 }: Audio, { longerThanSeconds }: Expectation): void {
  if (longerThanSeconds === undefined || audioSeconds > longerThanSeconds) return;
  throw new RecordingError("not-longer", "The source has no more of the recording than is here already.");
}

/** A body that ends within what is here already brings nothing, however often it is asked for. */
function mustRepeatAll(overlap: Overlap | undefined): void {
  if (overlap === undefined || overlap.missing === 0) return;
  throw new RecordingError("changed", "The server ended its answer within what was received before: starting over.");
}

/** The whole file, checked and hashed, and told what it is. */
async function complete({ archive, path, paths, expect, standing }: Intake, part: Part): Promise<Finished> {
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
  const sidecar = expect.sidecar === undefined ? undefined : writeSidecar(paths.part, path, stored, expect.sidecar);
  part.handOver();
  return {
    key: expect.key,
    fd,
    from: paths.part,
    note: part.noted ? paths.note : undefined,
    stored,
    mtimeMs: archive.mtime ? expect.mtimeMs : undefined,
    sidecar,
    ...(standing === undefined ? {} : { replaces: { id: standing.get(stored.path) } }),
  };
}

/** After these the bytes are of no use to anyone. */
const ruined: ReadonlySet<ErrorCode> = new Set([
  ...(["not-audio", "bad-audio", "empty-body", "bad-answer", "changed", "not-longer", "bug"] as const),
  ...(["disk-full", "disk-denied", "disk-read-only", "disk-io"] as const),
]);

/** A server that answers so to the question for the rest may do so for ever: the whole is asked for instead. */
const unusable: ReadonlySet<ErrorCode> = new Set(["changed", "bad-answer"]);

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

const extensions = Object.values(audioExtensions);

/** The paths that a path with an extension mark may become. */
export function variantsOf(path: string): readonly string[] {
  if (!path.includes(extensionMark)) return [path];
  const parts = path.split(extensionMark);
  return extensions.map((extension) => parts.join(extension));
}

/** The other paths that this finished file would have, were its audio of another type. */
export function siblingsOf(path: string): readonly string[] {
  const [, stem, extension] = /^(.*[^/])\.([^./]+)$/.exec(path) ?? [];
  if (stem === undefined || !(extensions as readonly (string | undefined)[]).includes(extension)) return [];
  return extensions.filter((each) => each !== extension).map((each) => `${stem}.${each}`);
}
