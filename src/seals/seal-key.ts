import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { RecordingError } from "../core/errors.ts";

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
