import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import type { S3Body } from "../destinations/s3/client.ts";
import { uploadSums } from "../destinations/s3/sums.ts";
import { objectsOf, openBucket } from "./bucket.ts";

/** Puts a list of hashes beside the objects of the bucket that `--dest` names, as `uploadSums` does. */
export async function putSums(settings: Settings, io: Io, name: string, body: S3Body): Promise<void> {
  await using client = openBucket(settings, io, { keepSecret: () => {} });
  const context = { client, objects: objectsOf(settings), now: () => io.clock.now() };
  await uploadSums(name, body, context, io.stop);
}
