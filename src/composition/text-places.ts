import { createHash } from "node:crypto";
import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { S3Body } from "../destinations/s3/client.ts";
import { openBesideObjects } from "../maintenance/beside-objects.ts";
import { type Held, keepBeside, noteTranscripts } from "../maintenance/transcripts.ts";
import { archiveFolder, isBucket } from "./archive.ts";
import type { BucketTranscripts } from "./bucket-transcripts.ts";

/** A text that belongs beside an audio file; the path is relative to the archive. */
interface Text {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where a source's own texts go: beside the audio, in a folder or a bucket. */
export interface TextPlace {
  /**
   * Puts a text there and notes it; says whether it did, for what stands by that name already stays. A recording that is
   * purged meanwhile keeps nothing of it.
   */
  keep(entry: Held, text: Text): Promise<boolean>;
  /** Lets go of what it holds open; it may be used again. */
  close(): Promise<void>;
}

export function openTextPlace(settings: Settings, io: Io, ledger: Archive): TextPlace {
  if (isBucket(settings)) return inBucket(settings, io, ledger);
  const root = archiveFolder(settings, io);
  return { keep: (entry, text) => keepBeside(root, entry, text, ledger), async close() {} };
}

function inBucket(settings: Settings, io: Io, ledger: Archive): TextPlace {
  let opened: Promise<BucketTranscripts> | undefined;
  return {
    async keep(entry, { path, bytes }) {
      opened ??= import("./bucket-transcripts.ts").then((module) => module.openBucketTranscripts(settings, io));
      const { keep, store } = await opened;
      const isKept = (await keep(entry.ref.key, path, bodyOf(bytes))) === "kept";
      await noteTranscripts(openBesideObjects(store, new Set([path])), entry, ledger);
      const now = await ledger.entry(entry.ref.key);
      const isStill = now?.stored?.path === entry.stored.path;
      if (isKept && !isStill) await store.remove(path);
      return isKept && isStill;
    },
    async close() {
      const closing = opened;
      opened = undefined;
      await (await closing)?.[Symbol.asyncDispose]();
    },
  };
}

function bodyOf(bytes: Uint8Array): S3Body {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length, open: () => bytes };
}
