import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import pLimit from "p-limit";
import { RecordingError } from "../core/errors.ts";

/** People with a name and a password, in a file with one `name:scrypt$N$r$p$salt$hash` a line. */
export interface Users {
  /**
   * Whether name and password fit: a proof of it, or undefined. Takes the same time for a name that nobody has.
   */
  check(name: string, password: string): Promise<string | undefined>;
  /** Whether the name still stands in the file with the password that gave this proof. */
  stands(name: string, proof: string): Promise<boolean>;
}

const cost = { N: 32768, r: 8, p: 1 };
const keyLength = 32;
/** Each derivation takes 32 MiB and a moment: some at a time, whoever knocks. */
const limit = pLimit(2);

/** The file is read at each login: who is added or taken out counts at once. */
export function openUsers(file: string): Users {
  return {
    async check(name, password) {
      const stored = (await readUsers(file)).get(name);
      const [, n, r, p, salt = "", hash = ""] = (stored ?? "").split("$");
      const known = Buffer.from(hash, "base64url");
      const numbers = stored === undefined ? cost : { N: Number(n), r: Number(r), p: Number(p) };
      const derived = await limit(() => derive(password, Buffer.from(salt, "base64url"), numbers));
      const fits = known.length === keyLength && timingSafeEqual(known, derived);
      return fits && stored !== undefined ? proofOf(stored) : undefined;
    },
    async stands(name, proof) {
      const stored = (await readUsers(file).catch(() => new Map<string, string>())).get(name);
      return stored !== undefined && proofOf(stored) === proof;
    },
  };
}

/** Changes with every new salt, and so with every new password. */
function proofOf(stored: string): string {
  return createHash("sha256").update(stored).digest("hex");
}

/** Adds a person; `usage` when the name is taken or cannot stand in the file. */
export async function addUser(file: string, name: string, password: string): Promise<void> {
  if (!/^[^\s:\p{C}]{1,64}$/u.test(name)) {
    throw new RecordingError("usage", "A user's name has 1 to 64 letters without blanks and colons.");
  }
  if (password.length < 8) throw new RecordingError("usage", "The password needs at least 8 characters.");
  const users = existsSync(file) ? await readUsers(file) : new Map<string, string>();
  if (users.has(name)) throw new RecordingError("usage", `${name} is in ${file} already; delete the line first.`);
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  const fields = ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")];
  await appendFile(file, `${name}:${fields.join("$")}\n`, { mode: 0o600 });
}

/** The users of a file by name; `usage` when it cannot be read. */
export async function readUsers(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RecordingError(
      "usage",
      `--users: ${file} cannot be read (${code ?? "error"}). callreel serve --users ${file} --add-user NAME makes it.`,
      { cause: error },
    );
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

function derive(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * 1024 * 1024 };
    scrypt(password.normalize("NFC"), salt, keyLength, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
