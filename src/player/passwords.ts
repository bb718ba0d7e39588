import type { IncomingMessage } from "node:http";
import { formatDuration } from "../core/format.ts";
import { redirect, refuse, safeNext, send, type Visit } from "./answer.ts";
import type { Lockout } from "./lockout.ts";
import { loginPage, type Ways } from "./page/login.ts";
import type { Sessions } from "./sessions.ts";
import type { Users } from "./users.ts";
import type { VisitorAddress } from "./visitor-address.ts";

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
