import { createHash, randomUUID } from "node:crypto";
import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Check } from "../../core/model/ports.ts";
import { serverMs } from "../../core/model/response-headers.ts";
import type { HttpAnswer } from "../../http/client.ts";
import { nameOf } from "./address.ts";
import type { S3Client, S3Request } from "./client.ts";
import { type LockState, lockState } from "./lock-state.ts";
import type { ObjectSettings } from "./object-headers.ts";
import { clockFault, codeOf, mustBe, refusalOf } from "./refusals.ts";
import { removeObject } from "./remove.ts";

/** What the checks need besides the client. */
export interface CheckContext {
  readonly client: S3Client;
  readonly objects: ObjectSettings;
  now(): number;
  readonly signal: AbortSignal;
  /** The exit code of an error. */
  exitCodeOf(error: RecordingError): number;
}

/** The checks of `callreel doctor` on a bucket, in order, by objects under `.callreel/` that are gone again at the end. */
export async function* checkBucket(context: CheckContext): AsyncIterable<Check> {
  const { client, now, signal, exitCodeOf } = context;
  try {
    const answer = await client.send({ method: "GET", key: "", query: listing(client) }, signal);
    yield clockCheck(answer, now());
    if (answer.status >= 300) throw refusalOf(answer, client.place, "listing", now());
    mustBe("ListBucketResult", answer, client.place);
    yield { name: "bucket", status: "ok", message: `${nameOf(client.place)} can be listed` };
    const lock = await lockState(client, now, signal);
    yield lockCheck(lock, context);
    if (lock.byDefault) yield skipped("the bucket locks every object by default: no probe is written into it");
    else yield* checkByProbe(context);
  } catch (thrown) {
    const error = asRecordingError(thrown);
    yield { name: "bucket", status: "failed", message: error.message, exitCode: exitCodeOf(error) };
  }
}

function skipped(message: string): Check {
  return { name: "bucket rights", status: "skipped", message };
}

function listing({ place }: S3Client): Readonly<Record<string, string>> {
  return { "list-type": "2", "max-keys": "1", prefix: place.prefix };
}

/** Signatures are refused when clocks differ by 15 minutes. */
function clockCheck(answer: HttpAnswer, nowMs: number): Check {
  const server = serverMs(answer);
  if (server === undefined)
    return { name: "bucket clock", status: "skipped", message: "the store's answers carry no date" };
  const apart = Math.abs(nowMs - server);
  if (apart < 60_000) return { name: "bucket clock", status: "ok", message: "within a minute of this machine's" };
  return {
    name: "bucket clock",
    status: apart < 5 * 60_000 ? "warning" : "failed",
    message: clockFault(answer, nowMs),
    remedy: "set this machine's clock (NTP): stores refuse signatures that are 15 minutes off",
    exitCode: 7,
  };
}

function lockCheck({ able }: LockState, { objects }: CheckContext): Check {
  const name = "object lock";
  if (able) return { name, status: "ok", message: "the bucket can lock objects" };
  const message =
    able === undefined
      ? "may not be asked for (s3:GetBucketObjectLockConfiguration)"
      : "the bucket cannot lock objects";
  if (objects.lock === undefined) return { name, status: "ok", message };
  if (able === undefined) return { name, status: "warning", message: `${message}; each upload checks its lock` };
  const remedy = "create a bucket with Object Lock, or leave out --s3-object-lock";
  return { name, status: "failed", message, remedy, exitCode: 2 };
}

/** Writes a probe, writes it again, writes one that lies about its bytes; reads, and deletes them. */
async function* checkByProbe(context: CheckContext): AsyncIterable<Check> {
  const { client, now, signal } = context;
  const path = `.callreel/probe-${randomUUID()}`;
  const key = client.place.prefix + path;
  const first = await client.send(put(key, "callreel"), signal);
  if (first.status >= 300) throw refusalOf(first, client.place, "writing a probe", now());
  try {
    const read = await client.send({ method: "GET", key }, signal);
    if (read.status >= 300) throw refusalOf(read, client.place, "reading a probe", now());
    if (read.body.toString() !== "callreel") throw wrongBytes(client);
    yield privacyCheck(await client.send({ method: "GET", key, unsigned: true, once: true }, signal));
    yield conditionCheck(await client.send({ ...put(key, "callreel again"), once: true }, signal));
    yield hashCheck(await client.send({ ...put(`${key}-2`, "callreel", "other bytes"), once: true }, signal));
  } finally {
    yield await removalCheck(context, [path, `${path}-2`]);
  }
}

/** `signed` is what the hash is of. */
function put(key: string, text: string, signed = text): S3Request {
  const sha256 = createHash("sha256").update(signed).digest("hex");
  const body = { sha256, bytes: text.length, open: () => text };
  return { method: "PUT", key, headers: { "if-none-match": "*" }, body };
}

function wrongBytes({ place }: S3Client): RecordingError {
  return new RecordingError("bad-answer", `${nameOf(place)} returns different bytes from those written.`);
}

/** What anybody may read who has no key. */
function privacyCheck(answer: HttpAnswer): Check {
  const name = "bucket privacy";
  if (answer.status === 401 || answer.status === 403)
    return { name, status: "ok", message: "nothing is read without a key" };
  if (answer.status >= 300) {
    const message = `the store answers ${answer.status} to who has no key, which does not tell who may read`;
    return { name, status: "skipped", message };
  }
  const message = "anybody who reaches the store can read the recordings, without any key";
  return { name, status: "warning", message, remedy: "take the bucket's public access away (policy and ACL)" };
}

function conditionCheck(answer: HttpAnswer): Check {
  const name = "conditional PUT";
  if (answer.status === 412)
    return { name, status: "ok", message: "the store never overwrites an object (If-None-Match)" };
  if (answer.status < 300) {
    return {
      name,
      status: "warning",
      message: "the store ignores If-None-Match here: each upload checks first whether the object exists",
      remedy: "let no other program write under this prefix",
    };
  }
  const said = codeOf(answer);
  return {
    name,
    status: "failed",
    message: `the store refuses If-None-Match (${answer.status}${said === undefined ? "" : `, ${said.replace(/[^\w.]/g, "")}`})`,
    remedy: "use a store that supports conditional PUT",
    exitCode: 2,
  };
}

function hashCheck(answer: HttpAnswer): Check {
  const name = "payload hash";
  if (answer.status >= 400 && answer.status < 500) {
    return { name, status: "ok", message: "the store refuses bytes that were damaged in transit" };
  }
  return {
    name,
    status: "warning",
    message: "the store ignores the signed hash (x-amz-content-sha256): damage in transit goes unnoticed",
    remedy: "use https, and run callreel verify from time to time",
  };
}

async function removalCheck({ client, now, signal }: CheckContext, paths: readonly string[]): Promise<Check> {
  const name = "bucket rights";
  try {
    for (const path of paths) await removeObject(client, path, now, signal);
    return { name, status: "ok", message: "put, get, list and delete" };
  } catch (thrown) {
    const { message } = asRecordingError(thrown);
    const remedy = "allow s3:DeleteObject and s3:DeleteObjectVersion, or delete the probe in .callreel/ by hand";
    return { name, status: "warning", message: `put, get and list, but not delete: ${message}`, remedy };
  }
}
