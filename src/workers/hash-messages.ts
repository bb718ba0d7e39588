import type { ErrorParts } from "../core/model/errors.ts";
import type { FileState } from "../core/proof/verify.ts";

/** What a thread that hashes is opened with: the archive's folder. */
export interface HashSettings {
  readonly root: string;
}

/** Told to a thread: the paths of some files. */
export type HashOrder = readonly string[];

/** Told by a thread: what became of each of them, in order. */
export type HashNews = readonly HashAnswer[];

/** `found` is absent where nothing stands. */
export type HashAnswer = { readonly found?: FileState } | { readonly error: ErrorParts };
