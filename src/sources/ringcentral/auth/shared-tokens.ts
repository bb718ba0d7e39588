import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { RecordingError } from "../../../core/model/errors.ts";
import type { SharedState } from "../shared-state.ts";
import { sameSession, type TokenStore, tokensIn } from "./tokens.ts";

/** The key of 32 bytes in hexadecimal or base64; `usage` where the text is none. Never repeated in the message. */
export function tokenKey(text: string, where: string): Buffer {
  const given = text.trim();
  const key = Buffer.from(given, /^[0-9a-f]{64}$/i.test(given) ? "hex" : "base64");
  if (key.length === 32 && /^([0-9a-f]{64}|[\w+/-]{43}=?)$/i.test(given)) return key;
  throw new RecordingError("usage", `${where} is no key of 32 bytes: make one with openssl rand -hex 32.`);
}

/**
 * A credential's session in a database, encrypted with AES-256-GCM for this credential alone. One that cannot be
 * decrypted is told by `warn` and counts as none, so that the next login replaces it.
 */
export function openSharedTokenStore(
  shared: SharedState,
  credential: string,
  key: Buffer,
  warn: (message: string) => void,
): TokenStore {
  const name = `token:${credential}`;
  return {
    async read() {
      const kept = await shared.read(name);
      if (kept === undefined) return undefined;
      const tokens = tokensIn(opened(kept, name, key));
      if (tokens === undefined) {
        warn("The shared RingCentral session cannot be decrypted: another key, or it was damaged. Logging in anew.");
      }
      return tokens;
    },
    write: (tokens, instead) =>
      shared.update(name, (kept) => {
        const there = kept === undefined ? undefined : tokensIn(opened(kept, name, key));
        if (!sameSession(there, instead)) return { result: false };
        return { text: sealed(JSON.stringify(tokens), name, key), result: true };
      }),
    remove: () => shared.remove(name),
  };
}

function sealed(text: string, name: string, key: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
}

function opened(kept: string, name: string, key: Buffer): string | undefined {
  const bytes = Buffer.from(kept, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
