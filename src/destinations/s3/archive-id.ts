/*
 * A ledger and a place in a bucket belong together: each has the archive's id. Without that, a new ledger would fetch
 * everything once more, what was purged too, and two ledgers would each prove half of an archive.
 */

import { createHash, randomUUID } from "node:crypto";
import { RecordingError } from "../../core/model/errors.ts";
import { nameOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { notKept, notS3, refusalOf } from "./refusals.ts";

/** What is asked of the ledger. */
export interface LedgerOfPlace {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** As in a ledger: several machines that begin at once get the same. */
  agree(name: string, value: string): Promise<string>;
  /** Whether it knows of any recording. */
  isUsed(): Promise<boolean>;
}

/** The ledger's name for the archive's id; there only where the destination is a bucket. */
export const idName = "archive id";
const idObject = ".callreel/archive.json";

/** The ledger's note of a store that ignores If-None-Match. */
const overwritesName = "bucket overwrites";

/** Joins a new ledger and an unused place, and says whether the store is known to overwrite objects; throws `usage` where the two belong to different archives, `ledger` where the place's ledger is not here. */
export async function claimPlace(
  client: S3Client,
  ledger: LedgerOfPlace,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<{ readonly overwrites: boolean }> {
  // In this order: another machine that begins just now has its id in the ledger before it is there.
  const there = await idAt(client, nowMs, signal);
  const here = await ledger.get(idName);
  if (there === undefined) await found(here, client, ledger, nowMs, signal);
  else mustAgree(here, there, client);
  return { overwrites: (await ledger.get(overwritesName)) !== undefined };
}

/** Throws `usage` or `ledger` unless the place holds the ledger's own archive; changes neither. */
export async function mustBelong(
  client: S3Client,
  get: LedgerOfPlace["get"],
  nowMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const there = await idAt(client, nowMs, signal);
  if (there === undefined) throw lostPlace(client);
  mustAgree(await get(idName), there, client);
}

/** Gives a ledger that was made anew the id `there` of the place it is for; throws `usage` where it has another. */
export async function rejoin(
  client: S3Client,
  ledger: Pick<LedgerOfPlace, "get" | "set">,
  there: string,
): Promise<void> {
  const here = await ledger.get(idName);
  if (here === undefined) await ledger.set(idName, there);
  else mustAgree(here, there, client);
}

/** The id that stands in the bucket; undefined where none does. */
export async function idAt(client: S3Client, nowMs: () => number, signal: AbortSignal): Promise<string | undefined> {
  const { place } = client;
  const answer = await client.send({ method: "GET", key: place.prefix + idObject }, signal);
  if (answer.status === 404 && !answer.body.includes("NoSuchBucket")) return undefined;
  if (answer.status >= 300) throw refusalOf(answer, place, `reading ${idObject}`, nowMs());
  const id = /"id":"([\w-]{1,64})"/.exec(answer.body.toString("utf8"))?.[1];
  if (id !== undefined) return id;
  if (answer.body.subarray(0, 64).toString("latin1").trimStart().startsWith("<")) throw notS3(place);
  throw new RecordingError("ledger", `${nameOf(place)}/${idObject} is damaged: it contains no archive id.`);
}

/** The ledger has it first: a run that is killed between the two goes on from there. */
async function found(
  here: string | undefined,
  client: S3Client,
  ledger: LedgerOfPlace,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const { place } = client;
  if (await ledger.isUsed()) {
    const since = await idAt(client, nowMs, signal);
    if (since !== undefined) return mustAgree(await ledger.get(idName), since, client);
    throw here === undefined ? ofFolder(client) : lostPlace(client);
  }
  const id = here ?? (await ledger.agree(idName, randomUUID()));
  const text = `{"id":"${id}"}\n`;
  const body = { sha256: createHash("sha256").update(text).digest("hex"), bytes: text.length, open: () => text };
  const headers = { "content-type": "application/json", "if-none-match": "*" };
  const request = { method: "PUT", key: place.prefix + idObject, headers, body } as const;
  const answer = await client.send(request, signal);
  if (answer.status === 412) mustAgree(id, (await idAt(client, nowMs, signal)) ?? "", client);
  else if (answer.status >= 300) throw refusalOf(answer, place, `writing ${idObject}`, nowMs());
  else {
    const overwrites = (await client.send({ ...request, once: true }, signal)).status < 300;
    // A store that takes what it does not keep would keep no recording either.
    const there = await idAt(client, nowMs, signal);
    if (there === undefined) throw notKept(place, idObject);
    mustAgree(id, there, client);
    if (overwrites) await ledger.set(overwritesName, "yes");
  }
}

function mustAgree(here: string | undefined, there: string, { place }: S3Client): void {
  if (here === there) return;
  const name = nameOf(place);
  if (here === undefined) {
    throw new RecordingError(
      "ledger",
      `${name} holds an archive whose ledger is not here: bring that ledger from the machine that has it and name it with --ledger, or choose another prefix. A new ledger would not know what was purged; where the old one is lost for good, callreel verify --rebuild makes one from the objects.`,
    );
  }
  throw new RecordingError(
    "usage",
    `${name} holds a different archive from this ledger's: check bucket, prefix, --s3-endpoint and --ledger. Nothing was written.`,
  );
}

function lostPlace({ place }: S3Client): RecordingError {
  return new RecordingError(
    "usage",
    `${nameOf(place)} does not hold this ledger's archive (${idObject} is missing there): check bucket, prefix, --s3-endpoint and --ledger. Nothing was written.`,
  );
}

function ofFolder({ place }: S3Client): RecordingError {
  return new RecordingError(
    "usage",
    `This ledger belongs to an archive in a folder, not to ${nameOf(place)}: leave out --ledger, or name another.`,
  );
}
