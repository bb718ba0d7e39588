import { createHash } from "node:crypto";
import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import type { ErrorCode } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { S3Body } from "../destinations/s3/client.ts";
import { openBesideObjects } from "../maintenance/beside-objects.ts";
import { besideInFolder, type Held, keepBeside, type Text } from "../maintenance/transcripts.ts";
import { archiveFolder, isBucket } from "./archive.ts";
import type { BucketTranscripts } from "./bucket-transcripts.ts";

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
  const beside = besideInFolder(archiveFolder(settings, io));
  return { keep: (entry, text) => keepBeside(beside, entry, text, ledger), async close() {} };
}

function inBucket(settings: Settings, io: Io, ledger: Archive): TextPlace {
  let opened: Promise<BucketTranscripts> | undefined;
  return {
    async keep(entry, text) {
      opened ??= import("./bucket-transcripts.ts").then((module) => module.openBucketTranscripts(settings, io));
      const { keep, store } = await opened;
      const beside = {
        put: async ({ ref }: Held, { path, bytes }: Text) => (await keep(ref.key, path, bodyOf(bytes))) === "kept",
        find: openBesideObjects(store, new Set([text.path])),
        remove: (path: string) => store.remove(path),
      };
      return keepBeside(beside, entry, text, ledger);
    },
    async close() {
      const closing = opened;
      opened = undefined;
      await (await closing)?.[Symbol.asyncDispose]();
    },
  };
}

/** Runs `fetchAll`, which keeps texts in the place, and closes that; where the run was told to stop meanwhile, `codes` says so. */
export async function fetchInto(
  place: TextPlace,
  fetchAll: () => Promise<void>,
  { stop }: Pick<Io, "stop">,
  codes: ErrorCode[],
): Promise<void> {
  try {
    await fetchAll();
  } catch (thrown) {
    if (!stop.aborted) throw thrown;
    codes.push("interrupted");
  } finally {
    await place.close();
  }
}

function bodyOf(bytes: Uint8Array): S3Body {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length, open: () => bytes };
}
