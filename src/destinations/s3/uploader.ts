import { createHash } from "node:crypto";
import { closeSync, fstatSync } from "node:fs";
import pLimit from "p-limit";
import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Stored } from "../../core/model/recording.ts";
import type { Finished, Settler } from "../disk/commit.ts";
import { fileId, fileIdAt, removeFile } from "../disk/part-files.ts";
import { bytesOf } from "../disk/stored-file.ts";
import { type UploadContext, uploadAudio, uploadSidecar } from "./upload.ts";

/** Enough to fill a line with call-sized files, few enough for any store. */
const uploadsAtOnce = 16;
/** Files open and waiting. */
const mostWaiting = 64;

/**
 * What a disk does by sync and rename, done by PUT: each whole file of the spool goes to the store and then leaves the
 * spool. What cannot be brought there ends the run, and stays in the spool where a later run can go on from it.
 */
export function openUploader(context: UploadContext, abort: () => AbortSignal): Settler {
  const limit = pLimit(uploadsAtOnce);
  const waiting = new Set<Promise<unknown>>();
  return {
    get crowded() {
      return waiting.size < mostWaiting ? undefined : Promise.race(waiting);
    },
    add(file) {
      const settled = limit(() => bring(file, context, abort()));
      const quiet = settled.catch(() => undefined).finally(() => waiting.delete(quiet));
      waiting.add(quiet);
      return settled;
    },
    async [Symbol.asyncDispose]() {
      while (waiting.size > 0) await Promise.all(waiting);
    },
  };
}

async function bring(file: Finished, context: UploadContext, signal: AbortSignal): Promise<Stored> {
  const { fd, key, stored, sidecar, replaces } = file;
  let etag: string | undefined;
  try {
    signal.throwIfAborted();
    etag = await uploadAudio({ fd, key, stored, overwrite: replaces !== undefined }, context, signal);
    if (sidecar !== undefined) await uploadSidecar(sidecar.path, await smallBody(sidecar.fd), context, signal);
  } catch (thrown) {
    leave(file, thrown);
    throw endsTheRun(asRecordingError(thrown));
  }
  leave(file);
  return etag === undefined ? stored : { ...stored, etag };
}

async function smallBody(fd: number) {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytesOf(fd, fstatSync(fd).size)) pieces.push(piece);
  const body = Buffer.concat(pieces);
  return { sha256: createHash("sha256").update(body).digest("hex"), bytes: body.length, open: () => body };
}

/** Takes the file out of the spool, unless it can be continued after a failure. */
function leave({ fd, from, note, sidecar }: Finished, failure?: unknown): void {
  const keeps = failure !== undefined && note !== undefined;
  if (!keeps && fileIdAt(from) === fileId(fd)) {
    if (note !== undefined) removeFile(note);
    removeFile(from);
  }
  closeSync(fd);
  if (sidecar === undefined) return;
  removeFile(sidecar.from);
  closeSync(sidecar.fd);
}

/** What is wrong with the store is wrong for every recording: what else would be fetched has nowhere to go. */
function endsTheRun(error: RecordingError): RecordingError {
  if (error.verdict === "give-up" && error.code !== "tls" && error.code !== "bad-answer") return error;
  if (error.verdict === "stop") return error;
  return new RecordingError(error.code, error.message, { verdict: "stop", cause: error });
}
