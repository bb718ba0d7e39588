import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import pLimit from "p-limit";
import { RecordingError } from "../../core/model/errors.ts";
import { formatDuration } from "../../core/text.ts";
import { loginPage, type Ways } from "../page/small-pages.ts";
import { redirect, refuse, safeNext, send, type Visit } from "../respond.ts";
import type { Lockout } from "./lockout.ts";
import type { Sessions } from "./sessions.ts";
import type { VisitorAddress } from "./visitor.ts";

export interface PasswordPorts {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly lockout: Lockout;
  readonly visitorAddress: VisitorAddress;
  readonly ways: Ways;
}

/** Answers the login form. */
export function openPasswords({ users, sessions, lockout, visitorAddress, ways }: PasswordPorts) {
  return async ({ request, response }: Visit): Promise<boolean> => {
    const form = await readForm(request);
    if (form === undefined) {
      refuse(response, 413, "The form is too large.");
      return true;
    }
    const name = form.get("name") ?? "";
    const next = safeNext(form.get("next"));
    const again = (status: number, message: string, headers = {}) =>
      send(response, status, "text/html; charset=utf-8", loginPage({ ...ways, next, message }), headers);
    const address = visitorAddress(request);
    const seconds = Math.ceil(lockout.begin(name, address) / 1000);
    if (seconds > 0) {
      const message = `Too many wrong passwords. Try again in ${formatDuration(seconds * 1000)}.`;
      again(429, message, { "retry-after": seconds });
      return true;
    }
    const proof = await users.check(name, form.get("password") ?? "");
    if (proof === undefined) {
      again(401, "Name or password is wrong.");
      return true;
    }
    lockout.succeeded(name, address);
    redirect(response, next, { "set-cookie": sessions.start({ name, stillIn: () => users.stands(name, proof) }) });
    return true;
  };
}

const largestForm = 8 * 1024;

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).byteLength;
    if (size > largestForm) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

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
    throw new RecordingError("usage", "A user name has 1 to 64 characters, without spaces and colons.");
  }
  if (password.length < 8) throw new RecordingError("usage", "The password needs at least 8 characters.");
  const users = existsSync(file) ? await readUsers(file) : new Map<string, string>();
  if (users.has(name)) throw new RecordingError("usage", `${name} is already in ${file}; delete that line first.`);
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
      `--users: ${file} cannot be read (${code ?? "error"}). Create it with callreel serve --users ${file} --add-user NAME.`,
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
