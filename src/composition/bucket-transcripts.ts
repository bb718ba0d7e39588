import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import type { S3Body } from "../destinations/s3/client.ts";
import { openS3Store } from "../destinations/s3/store.ts";
import { uploadTranscript } from "../destinations/s3/transcript.ts";
import { objectsOf, openBucket } from "./bucket.ts";

/** The objects of a bucket, and a way to put transcripts beside them; closes its client with itself. */
export interface BucketTranscripts extends AsyncDisposable {
  readonly store: Store;
  /** `taken` where another object has that name, which stays. */
  keep(key: RecordingKey, path: string, body: S3Body): Promise<"kept" | "taken">;
}

export function openBucketTranscripts(settings: Settings, io: Io): BucketTranscripts {
  const client = openBucket(settings, io, { keepSecret: () => {} });
  const now = () => io.clock.now();
  const store = openS3Store({ client, now, signal: io.abort });
  const context = { client, objects: objectsOf(settings), now };
  return {
    store,
    keep: (key, path, body) => uploadTranscript(key, path, body, context, io.abort),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
