/*
 * S3 has no rename: a PUT that succeeded is publication. It is sent with If-None-Match, so that nothing is ever
 * overwritten; one whose answer was lost is repeated and meets its own object, which HEAD then tells.
 */

import { createHash } from "node:crypto";
import { RecordingError } from "../../core/model/errors.ts";
import type { RecordingKey, Stored } from "../../core/model/recording.ts";
import type { FileFacts } from "../../core/model/store.ts";
import type { HttpAnswer } from "../../http/client.ts";
import { bytesOf } from "../disk/stored-file.ts";
import { nameOf } from "./address.ts";
import type { S3Body, S3Client } from "./client.ts";
import { lookAt } from "./look.ts";
import { audioHeaders, etagOf, factsIn, keepingHeaders, lockOf, type ObjectSettings } from "./object-headers.ts";
import { notKept, refusalOf } from "./refusals.ts";

/** What an upload needs besides the file. */
export interface UploadContext {
  readonly client: S3Client;
  readonly objects: ObjectSettings;
  /** The store ignores If-None-Match, or may: what stands there is asked for first. */
  readonly asksFirst: boolean;
  now(): number;
}

/** One PUT takes no more. */
const mostBytes = 5 * 1024 ** 3;

/** Brings an open, whole recording to its final key; resolves with its ETag, where the store tells one, when the store has it with the lock and encryption asked for. */
export async function uploadAudio(
  { fd, key, stored, overwrite }: { fd: number; key: RecordingKey; stored: Stored; overwrite: boolean },
  context: UploadContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { client, objects, now } = context;
  if (stored.bytes > mostBytes) throw tooLong(context, stored);
  const body = { sha256: stored.sha256, bytes: stored.bytes, open: () => bytesOf(fd, stored.bytes) };
  const md5 = await md5Of(fd, stored.bytes);
  const headers = {
    ...audioHeaders(key, stored),
    ...keepingHeaders(objects, now()),
    ...(objects.lock === undefined ? {} : { "content-md5": md5.toString("base64") }),
    ...(overwrite ? {} : { "if-none-match": "*" }),
  };
  if (context.asksFirst && !overwrite) {
    const standing = await adopted(key, stored, context, signal);
    if (standing !== undefined) return standing.etag;
  }
  const request = { method: "PUT", key: client.place.prefix + stored.path, headers, body } as const;
  const answer = await client.send(request, signal);
  if (answer.status === 412) {
    const standing = await adopted(key, stored, context, signal);
    if (standing === undefined) throw vanished(context, stored);
    return standing.etag;
  }
  if (answer.status >= 300) throw refusalOf(answer, client.place, `writing ${stored.path}`, now());
  mustBeEncrypted(answer, stored, context);
  // Only who has read every byte can name their MD5: nothing is left to ask, but for a lock.
  if (objects.lock === undefined && etagOf(answer)?.toLowerCase() === md5.toString("hex")) return etagOf(answer);
  return await etagOfKept(answer, key, stored, context, signal);
}

/** A small object beside the audio: replaced as often as its audio comes. */
export async function uploadSidecar(
  path: string,
  body: S3Body,
  { client, objects, now }: UploadContext,
  signal: AbortSignal,
): Promise<void> {
  const { lock: _, ...kept } = objects;
  const headers = { "content-type": "application/json", ...keepingHeaders(kept, now()) };
  const answer = await client.send({ method: "PUT", key: client.place.prefix + path, headers, body }, signal);
  if (answer.status >= 300) throw refusalOf(answer, client.place, `writing ${path}`, now());
}

/**
 * What stands there if it is this very recording, from a run that ended between PUT and ledger; undefined where nothing
 * does. Throws `unsafe-path` where it is another one.
 */
async function adopted(
  key: RecordingKey,
  stored: Stored,
  context: UploadContext,
  signal: AbortSignal,
): Promise<FileFacts | undefined> {
  const { client, objects, now } = context;
  const answer = await lookAt(stored.path, context, signal);
  if (answer === undefined) return undefined;
  const facts = factsIn(answer);
  if (facts.sha256 !== stored.sha256 || facts.key !== key || facts.bytes !== stored.bytes) {
    throw new RecordingError(
      "unsafe-path",
      `Cannot write ${nameOf(client.place)}/${stored.path}: another object has that name already, and --force-overwrites replaces only what this archive's ledger knows. Choose another --output template or another prefix.`,
    );
  }
  if (objects.lock !== undefined && (lockOf(answer)?.untilMs ?? 0) <= now()) throw unlocked(context, stored);
  return facts;
}

function mustBeEncrypted({ headers }: HttpAnswer, { path }: Stored, { client, objects }: UploadContext): void {
  if (objects.kmsKey === undefined || headers["x-amz-server-side-encryption"] === "aws:kms") return;
  throw new RecordingError(
    "usage",
    `${nameOf(client.place)} ignored --s3-sse: ${path} was stored unencrypted. Use a store with KMS, or leave out --s3-sse.`,
  );
}

/**
 * Holds the store to what was asked of it: what it ignores it does not say, and something before it may answer in its name.
 * Gives the object's ETag, where there is one.
 */
async function etagOfKept(
  answer: HttpAnswer,
  key: RecordingKey,
  stored: Stored,
  context: UploadContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { client, objects, now } = context;
  const head = await lookAt(stored.path, context, signal);
  if (head === undefined) throw notKept(client.place, stored.path);
  const facts = factsIn(head);
  const isOurs = (facts.key ?? key) === key && (facts.sha256 ?? stored.sha256) === stored.sha256;
  if (!isOurs || facts.bytes !== stored.bytes) throw notKept(client.place, stored.path);
  if (objects.lock !== undefined) {
    const lock = lockOf(head);
    const wanted = objects.lock.retainUntilMs(now()) - dayMs;
    const strong = lock?.mode === objects.lock.mode || lock?.mode === "COMPLIANCE";
    if (lock === undefined || !strong || lock.untilMs < wanted) throw unlocked(context, stored);
  }
  return etagOf(answer) ?? facts.etag;
}

const dayMs = 24 * 3600 * 1000;

function unlocked({ client }: UploadContext, { path }: Stored): RecordingError {
  return new RecordingError(
    "usage",
    `${nameOf(client.place)} does not lock objects: ${path} was stored without the lock that --s3-object-lock asks for. Use a bucket created with Object Lock (callreel doctor checks it), or leave out the option.`,
  );
}

function vanished({ client }: UploadContext, { path }: Stored): RecordingError {
  return new RecordingError(
    "server-error",
    `${nameOf(client.place)}: ${path} was refused as there already, and then was not there. Run again.`,
    { verdict: "give-up" },
  );
}

function tooLong({ client }: UploadContext, { path }: Stored): RecordingError {
  return new RecordingError("http-error", `${nameOf(client.place)}/${path}: larger than the 5 GB that one PUT allows.`);
}

/** AWS wants it with a lock, and answers a PUT with it as ETag, as other stores do where they encrypt nothing. */
async function md5Of(fd: number, bytes: number): Promise<Buffer> {
  const hash = createHash("md5");
  for await (const piece of bytesOf(fd, bytes)) hash.update(piece);
  return hash.digest();
}
