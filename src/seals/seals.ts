import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { openPlain, readSmallFile } from "../platform/small-file.ts";

/** A key that seals heads: Ed25519, as `openssl genpkey -algorithm ed25519` makes it. */
export interface SealKey {
  /** SHA-256 of the public key (SubjectPublicKeyInfo, DER), in hex: tells whose a seal is. */
  readonly name: string;
  /** Base64. */
  sign(head: string, at: string): string;
}

/** Reads the private key in `file` (PEM). Throws `usage` where it is none. */
export function readSealKey(file: string): SealKey {
  const key = readKey(file, "--seal-key", "an Ed25519 private key in PEM", createPrivateKey);
  return {
    name: nameOf(createPublicKey(key)),
    sign: (head, at) => sign(null, sealedBytes(head, at), key).toString("base64"),
  };
}

/** Whoever holds the public key can tell whether a head was sealed with the private one. */
export interface SealVerifier {
  readonly name: string;
  verify(head: string, at: string, signature: string): boolean;
}

/** Takes the public key in `pem`, which stands in `file`. Throws `usage` where it is none. */
export function openSealVerifier(file: string): SealVerifier {
  const key = readKey(file, "--seal", "an Ed25519 public key in PEM, or certificates", createPublicKey);
  return {
    name: nameOf(key),
    verify: (head, at, signature) => verify(null, sealedBytes(head, at), key, Buffer.from(signature, "base64")),
  };
}

/** What a seal signs: three lines of ASCII, each with its line feed. */
function sealedBytes(head: string, at: string): Buffer {
  return Buffer.from(`callreel seal\n${head}\n${at}\n`);
}

function readKey(file: string, flag: string, what: string, make: (pem: string) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = make(readFileSync(file, "utf8"));
  } catch (error) {
    throw new RecordingError("usage", `${flag}: ${file} is not ${what}.`, { cause: error });
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new RecordingError("usage", `${flag}: the key in ${file} is ${key.asymmetricKeyType}, not ed25519.`);
}

function nameOf(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** A line of `.callreel/seals`: a head that somebody outside can vouch for, from the time it is sealed. Times are ISO 8601 in UTC. */
export type Seal = { readonly head: string; readonly at: string } & (
  | { readonly key: string; readonly signature: string }
  /** The whole answer of the authority (TimeStampResp, DER) in base64. */
  | { readonly stamp: string }
);

/** Adds a seal, safe on disk when this returns; never through a link. */
export function appendSeal(root: string, seal: Seal): void {
  const path = pathIn(root);
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  try {
    const file = openPlain(path, O_RDWR | O_APPEND | O_CREAT);
    try {
      // A line that a full disk or a crash cut short spoils no other.
      writeFileSync(file, `${endsOpen(file) ? "\n" : ""}${JSON.stringify(seal)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskError(error, path);
  }
}

/** The archive's seals in the order they came; undefined stands for a line that is none. */
export function readSeals(root: string): readonly (Seal | undefined)[] {
  try {
    return readSmallFile(pathIn(root), mostSealsBytes).split("\n").filter(Boolean).map(sealOf);
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw diskError(error, pathIn(root));
  }
}

/** Years of time stamps, one each night. */
const mostSealsBytes = 256 * 1024 * 1024;

function endsOpen(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
}

function pathIn(root: string): string {
  return join(root, ".callreel", "seals");
}

function sealOf(line: string): Seal | undefined {
  try {
    const seal = JSON.parse(line) as Record<string, unknown>;
    const isText = (name: string) => typeof seal[name] === "string";
    const whole = isText("head") && isText("at") && (isText("stamp") || (isText("key") && isText("signature")));
    return whole ? (seal as unknown as Seal) : undefined;
  } catch {
    return undefined;
  }
}
