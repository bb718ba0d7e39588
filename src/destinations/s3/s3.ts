import { RecordingError } from "../../core/model/errors.ts";
import type { Destination } from "../../core/model/ports.ts";
import { diskError } from "../../platform/disk-error.ts";
import { openKeyedMutex } from "../../platform/mutex.ts";
import { openArchive } from "../disk/archive-folder.ts";
import { checkPath } from "../disk/disk.ts";
import { openEraser } from "../disk/eraser.ts";
import { openIncoming } from "../disk/incoming.ts";
import { openPartsOf } from "../disk/part-files.ts";
import { nameOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { lookAt } from "./look.ts";
import { factsIn, type ObjectSettings } from "./object-headers.ts";
import { removeObject } from "./remove.ts";
import { openUploader } from "./uploader.ts";

export interface S3Settings {
  readonly client: S3Client;
  readonly objects: ObjectSettings;
  /** Whether the store is known to ignore If-None-Match. */
  readonly overwrites: boolean;
  /** The folder on this machine where bytes gather until they are whole. */
  readonly spool: string;
  /** Clear away what nobody came back for: only for whoever holds the archive's lock. */
  readonly tidy: boolean;
  now(): number;
  /** Ends what runs, until a recording brings its own signal. */
  readonly signal: AbortSignal;
}

/**
 * An archive in a bucket. Bytes gather in a folder of this machine and are checked and hashed there as for a disk; the whole
 * file goes to the store in one PUT whose hash is signed, and never over another object.
 */
export function openS3(settings: S3Settings): Destination {
  const { client, objects, spool, now } = settings;
  // With a lock comes versioning, and some stores heed the condition only without.
  const context = { client, objects, now, asksFirst: settings.overwrites || objects.lock !== undefined };
  let abort = settings.signal;
  const settler = openUploader(context, () => abort);
  const archive = { ...openSpool(spool, settings.tidy), settler };
  const locks = openKeyedMutex();
  return {
    async open(path, expect, signal) {
      checkPath(nameOf(client.place), path);
      abort = signal;
      const done = await locks(expect.key, signal);
      try {
        return await openIncoming(archive, path, expect, done);
      } catch (error) {
        done();
        throw diskError(error, spool);
      }
    },
    async remove(path) {
      await mustGo(client, path, now, abort);
    },
    async withdraw(key, stored) {
      const eraser = openEraser(archive.root);
      for (const path of openPartsOf(archive.root)(key)) eraser.erase(path);
      eraser.sync();
      if (stored === undefined) return;
      const head = await lookAt(stored.path, { client, now }, settings.signal);
      if (head === undefined) return;
      const facts = factsIn(head);
      if (facts.sha256 === stored.sha256 && facts.key === key) await mustGo(client, stored.path, now, settings.signal);
    },
    async [Symbol.asyncDispose]() {
      await settler[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    },
  };
}

function openSpool(spool: string, tidy: boolean) {
  try {
    return openArchive(spool, false, tidy);
  } catch (error) {
    throw diskError(error, spool);
  }
}

async function mustGo(client: S3Client, path: string, now: () => number, signal: AbortSignal): Promise<void> {
  if ((await removeObject(client, path, now, signal)) !== "locked") return;
  throw new RecordingError(
    "unsafe-path",
    `${nameOf(client.place)}/${path} is locked (Object Lock) and could not be deleted: it stays until its lock ends.`,
  );
}
