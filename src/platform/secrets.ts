import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { diskError } from "./disk-error.ts";
import { makeFolders } from "./make-folders.ts";
import { replaceFile } from "./whole-file.ts";

/** Passwords that a person typed in, kept for this user alone: in the system's keychain where one is set up, else in a file (0600). */
export interface Secrets {
  readonly place: string;
  get(name: string): string | undefined;
  set(name: string, secret: string): void;
  remove(name: string): void;
}

interface Keyring {
  readonly Entry: new (
    service: string,
    account: string,
  ) => { getPassword(): string | null; setPassword(secret: string): void; deletePassword(): boolean };
}

/** Opens the keychain when @napi-rs/keyring is installed and works, else `secrets.json` in the state folder. */
export async function openSecrets(stateFolder: string): Promise<Secrets> {
  const module = "@napi-rs/keyring";
  try {
    const { Entry } = (await import(module)) as Keyring;
    new Entry("callreel", "probe").getPassword();
    return keychain(Entry);
  } catch {
    return secretsFile(stateFolder);
  }
}

function keychain(Entry: Keyring["Entry"]): Secrets {
  const entry = (name: string) => new Entry("callreel", name);
  return {
    place: "the system's keychain",
    get: (name) => entry(name).getPassword() ?? undefined,
    set: (name, secret) => entry(name).setPassword(secret),
    remove: (name) => {
      entry(name).deletePassword();
    },
  };
}

function secretsFile(folder: string): Secrets {
  const path = join(folder, "secrets.json");
  const read = () => readSecrets(path);
  const write = (secrets: Record<string, string>) => {
    try {
      makeFolders(folder);
      replaceFile(path, `${JSON.stringify(secrets)}\n`);
    } catch (error) {
      throw diskError(error, path);
    }
  };
  return {
    place: path,
    get: (name) => read()[name],
    set: (name, secret) => write({ ...read(), [name]: secret }),
    remove(name) {
      const { [name]: removed, ...others } = read();
      if (removed !== undefined) write(others);
    },
  };
}

function readSecrets(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  } catch (error) {
    throw new RecordingError("usage", `${path} cannot be read; delete it and log in again.`, { cause: error });
  }
}

const mostBytes = 64 * 1024;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const assignment = /^(?:export\s+)?(?:\w*_)?(?:secret|jwt|token|password|key|credential)\s*=\s*(\S.*)$/is;

/**
 * The secret that a file holds, however its editor or shell wrote it: UTF-8, UTF-16 or windows-1252, blank lines around,
 * in quotes, as `NAME=value`, a JWT folded over lines. Throws `usage`, naming `what`, for a file that is empty or holds
 * more than one secret.
 */
export function readSecretFile(file: string, what: string): string {
  const refused = (why: string, cause?: unknown) =>
    new RecordingError("usage", `${what}: ${file} ${why}`, cause === undefined ? {} : { cause });
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw refused(`cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}).`, error);
  }
  return secretIn(bytes, refused);
}

/** The secret that standard input brings, under the rules of a file. */
export async function readSecretStream(input: AsyncIterable<Uint8Array | string>, what: string): Promise<string> {
  const refused = (why: string) => new RecordingError("usage", `${what}: standard input ${why}`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > mostBytes) break;
  }
  return secretIn(Buffer.concat(chunks), refused);
}

function secretIn(bytes: Buffer, refused: (why: string) => RecordingError): string {
  if (bytes.length > mostBytes) throw refused("is too large for a secret: it must hold the secret alone.");
  const lines = decode(bytes)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const secret = unwrapped(lines);
  if (secret === undefined) throw refused(`holds ${lines.length} lines: it must hold the secret alone, in one line.`);
  if (secret === "") throw refused("is empty: write the secret into it.");
  if (/[\0-\x1f\x7f]/.test(secret)) throw refused("holds control characters: it must hold the secret alone, as text.");
  return secret;
}

/** A value as it is meant where quotes were taken along from a shell. */
export function withoutQuotes(text: string): string {
  const [, , inner] = /^(["'])(.*)\1$/s.exec(text) ?? [];
  return inner === undefined || inner.includes(text.charAt(0)) ? text : inner.trim();
}

function unwrapped(lines: readonly string[]): string | undefined {
  const joined = lines.join("");
  const bare = withoutQuotes(assignment.exec(joined)?.[1] ?? joined);
  return lines.length <= 1 || jwt.test(bare) ? bare : undefined;
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const zeros = (offset: number) => bytes.length > 1 && bytes.every((byte, at) => at % 2 !== offset || byte === 0);
  if (first === 0xfe && marked) return text(bytes, "utf-16be");
  if (marked || zeros(1)) return text(bytes, "utf-16le");
  if (zeros(0)) return text(bytes, "utf-16be");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return text(bytes, "windows-1252");
  }
}

function text(bytes: Buffer, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes);
}
