import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import type { FoundHead, Listed } from "../core/model/catalogue.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Difference } from "../core/proof/verify.ts";
import { type HttpAnswer, openHttp } from "../http/client.ts";
import { operatorHere } from "../platform/operator.ts";
import { appendSeal, openSealVerifier, readSealKey, readSeals, type Seal } from "../seals/seals.ts";
import { httpSettingsOf } from "./http.ts";

/** A check's line in the audit log, as JSON: who ran it where, over what, what came of it, and what was listed whole for it. */
export function recordOf(invocation: Invocation, result: object, listed: readonly Listed[] = []): string {
  const { name, host } = operatorHere();
  return JSON.stringify({
    by: `${name}@${host}`,
    selection: selectionRecord(invocation),
    result,
    ...(listed.length > 0 && { listed }),
  });
}

/** The selection as it was asked for: every setting that came from somewhere, no secret among them. */
export function selectionRecord({ args, settings, origins }: Invocation): Record<string, unknown> {
  const secret = new Set([
    "clientSecret",
    "jwt",
    "accessToken",
    "timPassword",
    "database",
    "ledger",
    "ledgerPassword",
    "ping",
  ]);
  const given = Object.entries(settings).filter(([key]) => key in origins && !secret.has(key));
  return { ...Object.fromEntries(given), ...(args.length === 0 ? {} : { ids: args }) };
}

/** Seals heads as the settings ask: with a key, with a time stamp, with both or not at all. */
export interface Sealer {
  /** Adds the seals of `head` to the archive at `root`. A time stamp that cannot be had throws; the key's seal stands by then. */
  seal(root: string, head: string): Promise<void>;
}

/** Reads the key at once, so that a wrong one is told before the run. Throws `usage`. */
export function openSealer(settings: Settings, io: Io): Sealer {
  const key = settings.sealKey === undefined ? undefined : readSealKey(resolve(io.cwd, settings.sealKey));
  const url = settings.timestampUrl;
  return {
    async seal(root, head) {
      const at = new Date(io.clock.now()).toISOString();
      if (key !== undefined) appendSeal(root, { head, at, key: key.name, signature: key.sign(head, at) });
      if (url === undefined) return;
      const stamp = await stampOf(head, url, settings, io);
      appendSeal(root, { head, at, stamp: Buffer.from(stamp).toString("base64") });
    },
  };
}

async function stampOf(head: string, url: string, settings: Settings, io: Io): Promise<Uint8Array> {
  // Loaded only where it is asked for: ASN.1 takes longer to load than most runs to start.
  const { timeStampRequest } = await import("../seals/time-stamp.ts");
  const request = timeStampRequest(head);
  await using http = openHttp(httpSettingsOf(settings, io));
  const headers = { "content-type": "application/timestamp-query", accept: "application/timestamp-reply" };
  const answer = await http.request(
    { method: "POST", url, headers, body: request.der, maxBytes: mostStampBytes },
    io.abort,
  );
  refuseStatus(answer);
  await request.check(answer.body);
  return answer.body;
}

const mostStampBytes = 1 << 20;

function refuseStatus({ status }: HttpAnswer): void {
  if (status === 200) return;
  throw new RecordingError("server-error", `The time-stamp authority answered with HTTP status ${status}.`);
}

/** A head that the file given with `--seal` vouches for, and where it stands in the archive. */
export interface Sealed extends FoundHead {
  readonly head: string;
  readonly sealedAt: string;
}

/**
 * Holds the archive against each of its seals that `file` can judge: an Ed25519 public key those made with it, certificates
 * the time stamps that lead to them. Each seal that is wrong, or whose head the archive does not go back to, is a difference,
 * and so is that there is none. Returns the newest one that holds.
 */
export async function verifySeals(
  file: string,
  root: string,
  ledger: Archive,
  differs: (difference: Difference) => void,
): Promise<Sealed | undefined> {
  const check = await openSealCheck(file);
  let newest: Sealed | undefined;
  let checked = 0;
  for (const [at, seal] of readSeals(root).entries()) {
    const wrong = (message: string) => {
      const head = seal?.head;
      differs({
        kind: "seal",
        path: ".callreel/seals",
        ...(head && { key: head }),
        message: `line ${at + 1}: ${message}`,
      });
    };
    const verdict = seal === undefined ? { wrong: "it is not a seal" } : await check(seal);
    if (verdict === undefined) continue;
    checked += 1;
    if ("wrong" in verdict) {
      wrong(verdict.wrong);
      continue;
    }
    const { sealedAt } = verdict;
    const found = seal && (await ledger.findHead(seal.head));
    if (seal === undefined || found === undefined) {
      wrong(`the archive's history does not contain the head that was sealed at ${sealedAt}`);
    } else newest = { ...found, head: seal.head, sealedAt };
  }
  if (checked === 0)
    differs({ kind: "seal", path: ".callreel/seals", message: `none of the seals can be checked with ${file}` });
  return newest;
}

/** Undefined for a seal that the file at hand says nothing of. */
type SealCheck = (seal: Seal) => Promise<{ readonly sealedAt: string } | { readonly wrong: string } | undefined>;

async function openSealCheck(file: string): Promise<SealCheck> {
  if (!readText(file).includes("BEGIN CERTIFICATE")) return checkByKey(file);
  const { certificatesIn, verifyTimeStamp } = await import("../seals/time-stamp.ts");
  const trusted = trustedIn(file, certificatesIn);
  return async (seal) => {
    if (!("stamp" in seal)) return undefined;
    try {
      const { at } = await verifyTimeStamp(Buffer.from(seal.stamp, "base64"), seal.head, trusted);
      return { sealedAt: at.toISOString() };
    } catch (error) {
      if (error instanceof RecordingError) return { wrong: error.message };
      throw error;
    }
  };
}

function checkByKey(file: string): SealCheck {
  const key = openSealVerifier(file);
  return async (seal) => {
    if (!("signature" in seal) || seal.key !== key.name) return undefined;
    return key.verify(seal.head, seal.at, seal.signature)
      ? { sealedAt: seal.at }
      : { wrong: "the signature is not of this head and time" };
  };
}

function trustedIn<T>(file: string, certificatesIn: (pem: string) => T): T {
  try {
    return certificatesIn(readText(file));
  } catch (error) {
    throw new RecordingError("usage", `--seal: the certificates in ${file} cannot be read.`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RecordingError("usage", `--seal: ${file} cannot be read.`, { cause: error });
  }
}
