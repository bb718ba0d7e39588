import { RecordingError } from "../../core/model/errors.ts";
import { serverMs } from "../../core/model/response-headers.ts";
import { nameOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { mustBe, refusalOf } from "./refusals.ts";
import { textIn } from "./xml.ts";

/** Whether a bucket can lock objects; undefined where the key may not ask. */
export interface LockState {
  readonly able: boolean | undefined;
  /** It locks every object by itself. */
  readonly byDefault: boolean;
  /** The store's clock; undefined where its answers carry no date. */
  readonly storeMs: number | undefined;
}

export async function lockState(client: S3Client, now: () => number, signal: AbortSignal): Promise<LockState> {
  const answer = await client.send({ method: "GET", key: "", query: { "object-lock": "" }, once: true }, signal);
  const xml = answer.body.toString("utf8");
  const storeMs = serverMs(answer);
  if (answer.status === 200) {
    mustBe("ObjectLockConfiguration", answer, client.place);
    const able = textIn(xml, "ObjectLockEnabled") === "Enabled";
    return { able, byDefault: able && xml.includes("<DefaultRetention>"), storeMs };
  }
  if (answer.status === 403) return { able: undefined, byDefault: false, storeMs };
  if ([400, 404, 405, 501].includes(answer.status)) return { able: false, byDefault: false, storeMs };
  throw refusalOf(answer, client.place, "asking for Object Lock", now());
}

/**
 * Throws `usage` where a lock is asked for and the bucket has none: before anything is fetched. Gives the time by the
 * store's clock, which is what its objects are dated with.
 */
export async function mustLock(client: S3Client, now: () => number, signal: AbortSignal): Promise<number> {
  const { able, storeMs = now() } = await lockState(client, now, signal);
  if (able !== false) return storeMs;
  throw new RecordingError(
    "usage",
    `${nameOf(client.place)} cannot lock objects: --s3-object-lock needs a bucket that was created with Object Lock. Nothing was fetched.`,
  );
}
