/*
 * The reading side of a destination: what stands there, whether it is a folder or a bucket. Paths are relative, with `/`,
 * as the ledger has them.
 */

import type { AudioType, RecordingKey } from "./recording.ts";

/** The bytes from `start` to `end`, both counted from 0 and both included, as in a Range header. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A file as a listing has it; more than its path only where the listing tells it anyway. */
export interface ListedFile {
  readonly path: string;
  readonly bytes?: number;
  /** As in `FileFacts`. */
  readonly changedMs?: number;
}

/** What is known of a file without reading it. */
export interface FileFacts {
  readonly bytes: number;
  /** When it last changed, by the store's clock; milliseconds. */
  readonly changedMs: number;
  /** Lower-case hex, where the store noted with the file what came; nobody has read the bytes again since. */
  readonly sha256?: string;
  /** What the store calls these bytes: it changes with them. */
  readonly etag?: string;
  /** Whose it is, noted likewise. */
  readonly key?: RecordingKey;
  readonly contentType?: AudioType;
  readonly audioSeconds?: number;
  /** Nobody can delete it before; milliseconds. */
  readonly lockedUntilMs?: number;
  /** How a bucket keeps it, and until when. A hold that has no end is none. */
  readonly retention?: { readonly mode: string; readonly untilMs: number };
}

/** A file that is being read; to be disposed, whether it was read or not. */
export interface Reading extends AsyncDisposable {
  /** Of the whole file, whatever part is read. */
  readonly facts: FileFacts;
  /** To be gone through once. A chunk is good until the next one is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What became of a file that was to be deleted. */
export type Removal = "removed" | "absent" | "locked";

/** How the holder of a presigned URL gets a file. */
export interface PresignedAs {
  readonly contentType: AudioType;
  /** Saved under this name, instead of shown. */
  readonly downloadAs?: string;
  /** How long the URL works. */
  readonly seconds: number;
}

/** URLs with which anybody reads a file from the store itself for a while: keys, which no log, event or ledger may hold. */
export interface PresignedUrls {
  /** Scheme, host and port of all of them. */
  readonly origin: string;
  urlOf(path: string, as: PresignedAs): Promise<string>;
}

export interface ListOptions {
  /** Only what stands in this folder, or deeper. */
  readonly under?: string;
  /** Told of a folder that cannot be read, which is then left out; without it that ends the listing (`disk-io`). */
  readonly unreadable?: (path: string, message: string) => void;
}

/**
 * What stands at a destination. A path that leads out of it throws `unsafe-path`, from each of these; a network's errors
 * are thrown as such, and never taken for an absence.
 */
export interface Store extends AsyncDisposable {
  /** Undefined where there is no file, or something else than a file. */
  stat(path: string): Promise<FileFacts | undefined>;
  /**
   * Opens a file to read it, or the part of `range` that it has; undefined where nothing stands. Throws `unsafe-path` where
   * something else than a file stands, and `disk-io` (also while its bytes are read) where it cannot be read.
   */
  read(path: string, range?: ByteRange): Promise<Reading | undefined>;
  /** Every finished file, flat and in pages, in any order: neither what is on its way nor what callreel keeps for itself. */
  list(options?: ListOptions): AsyncIterable<readonly ListedFile[]>;
  /**
   * Every file, deleted versions too, whose name differs from this one's in its extensions alone: `a.wav`, `a.vtt`,
   * `a.wav.vtt`. Absent, or undefined, where one request does not tell.
   */
  namesakes?(path: string): Promise<ReadonlySet<string> | undefined>;
  /** Deletes a file for good, all its versions. Throws `unsafe-path` where something else than a file stands. */
  remove(path: string): Promise<Removal>;
  /** Absent where a store is reached through this program alone. */
  readonly presigned?: PresignedUrls;
  /** Makes what was removed stay so in a power cut, and takes along what it has left empty. */
  settle(): Promise<void>;
}
