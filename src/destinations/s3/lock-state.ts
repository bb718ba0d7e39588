import { RecordingError } from "../../core/model/errors.ts";
import { nameOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { refusalOf } from "./refusals.ts";
import { textIn } from "./xml.ts";

/** Whether a bucket can lock objects; undefined where the key may not ask. */
export interface LockState {
  readonly able: boolean | undefined;
  /** It locks every object by itself. */
  readonly byDefault: boolean;
}

export async function lockState(client: S3Client, now: () => number, signal: AbortSignal): Promise<LockState> {
  const answer = await client.send({ method: "GET", key: "", query: { "object-lock": "" }, once: true }, signal);
  const xml = answer.body.toString("utf8");
  if (answer.status === 200) {
    const able = textIn(xml, "ObjectLockEnabled") === "Enabled";
    return { able, byDefault: able && xml.includes("<DefaultRetention>") };
  }
  if (answer.status === 403) return { able: undefined, byDefault: false };
  if ([400, 404, 405, 501].includes(answer.status)) return { able: false, byDefault: false };
  throw refusalOf(answer, client.place, "asking for Object Lock", now());
}

/** Throws `usage` where a lock is asked for and the bucket has none: before anything is fetched. */
export async function mustLock(client: S3Client, now: () => number, signal: AbortSignal): Promise<void> {
  if ((await lockState(client, now, signal)).able !== false) return;
  throw new RecordingError(
    "usage",
    `${nameOf(client.place)} cannot lock objects: --s3-object-lock needs a bucket that was created with Object Lock. Nothing was fetched.`,
  );
}
