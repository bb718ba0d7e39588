import { RecordingError } from "../../core/model/errors.ts";
import type { FileFacts } from "../../core/model/store.ts";
import type { HttpAnswer } from "../../http/client.ts";
import { nameOf } from "./address.ts";
import type { S3Body, S3Client } from "./client.ts";
import { lookAt } from "./look.ts";
import { factsIn, keepingHeaders, type ObjectSettings } from "./object-headers.ts";
import { notKept, refusalOf } from "./refusals.ts";

interface Context {
  readonly client: S3Client;
  readonly objects: ObjectSettings;
  now(): number;
}

/**
 * Puts a list of hashes under its name, in place of an earlier one that callreel has put there, and looks whether it came.
 * Throws `unsafe-path` where another object has that name, which stays. The list is not locked: it changes with its archive.
 */
export async function uploadSums(name: string, body: S3Body, context: Context, signal: AbortSignal): Promise<void> {
  const { client, objects, now } = context;
  const { lock: _, ...kept } = objects;
  const look = () => factsAt(name, context, signal);
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-amz-meta-callreel-sha256": body.sha256,
    ...keepingHeaders(kept, now()),
  };
  const put = (condition: Readonly<Record<string, string>>) =>
    client.send(
      { method: "PUT", key: client.place.prefix + name, headers: { ...headers, ...condition }, body },
      signal,
    );
  const before = await look();
  if (before !== undefined && !isOurs(before)) throw taken(name, client);
  let answer = await put(unlessChanged(before));
  if (isUnmet(answer)) {
    const since = await look();
    if (since !== undefined && !isOurs(since)) throw taken(name, client);
    // What nobody changed was refused by a store that compares ETags in a way of its own.
    answer = await put(since === undefined ? { "if-none-match": "*" } : {});
  }
  if (answer.status >= 300) throw refusalOf(answer, client.place, `writing ${name}`, now());
  if ((await look())?.sha256 !== body.sha256) throw notKept(client.place, name);
}

/** Whether a list is one that callreel wrote. */
export function isOurs({ sha256, key }: FileFacts): boolean {
  return sha256 !== undefined && key === undefined;
}

function unlessChanged(before: FileFacts | undefined): Readonly<Record<string, string>> {
  if (before === undefined) return { "if-none-match": "*" };
  return before.etag === undefined ? {} : { "if-match": `"${before.etag}"` };
}

/** Some stores know no condition for what is to be replaced. */
function isUnmet({ status }: HttpAnswer): boolean {
  return status === 412 || status === 501;
}

async function factsAt(name: string, context: Context, signal: AbortSignal): Promise<FileFacts | undefined> {
  const head = await lookAt(name, context, signal);
  return head && factsIn(head);
}

function taken(name: string, { place }: S3Client): RecordingError {
  return new RecordingError(
    "unsafe-path",
    `Cannot write ${nameOf(place)}/${name}: there is an object by that name that callreel has not written. Move it elsewhere.`,
  );
}
