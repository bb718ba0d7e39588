import { readFileSync } from "node:fs";
import type { FoundHead } from "../core/catalogue.ts";
import { RecordingError } from "../core/errors.ts";
import type { Archive } from "../core/ports.ts";
import type { Difference } from "../core/verify.ts";
import { openSealVerifier } from "../seals/seal-key.ts";
import { readSeals, type Seal } from "../seals/seals-file.ts";

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
  const judge = await openJudge(file);
  let newest: Sealed | undefined;
  let judged = 0;
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
    const verdict = seal === undefined ? { wrong: "this is no seal" } : await judge(seal);
    if (verdict === undefined) continue;
    judged += 1;
    if ("wrong" in verdict) {
      wrong(verdict.wrong);
      continue;
    }
    const { sealedAt } = verdict;
    const found = seal && (await ledger.findHead(seal.head));
    if (seal === undefined || found === undefined) {
      wrong(`the archive does not go back to the head that was sealed at ${sealedAt}`);
    } else newest = { ...found, head: seal.head, sealedAt };
  }
  if (judged === 0)
    differs({ kind: "seal", path: ".callreel/seals", message: `no seal there can be judged by ${file}` });
  return newest;
}

/** Undefined for a seal that the file at hand says nothing of. */
type Judge = (seal: Seal) => Promise<{ readonly sealedAt: string } | { readonly wrong: string } | undefined>;

async function openJudge(file: string): Promise<Judge> {
  if (!readText(file).includes("BEGIN CERTIFICATE")) return judgeByKey(file);
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

function judgeByKey(file: string): Judge {
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
