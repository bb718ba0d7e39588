import type { IncomingMessage } from "node:http";
import type { Clock } from "../core/ports.ts";
import { redirect, refuse, send } from "./answer.ts";
import { safeNext } from "./login.ts";
import { loginPage, type Ways } from "./page/login.ts";
import type { Visit } from "./routes.ts";
import type { Sessions } from "./sessions.ts";
import type { Users } from "./users.ts";

const mostFailures = 10;
const forgottenMs = 5 * 60_000;
const mostRemembered = 10_000;

/** Answers the login form. Wrong passwords are slowed down per name and per address. */
export function openPasswords(users: Users, sessions: Sessions, clock: Clock, ways: Ways) {
  const failures = new Map<string, { count: number; untilMs: number }>();
  const failed = (who: string) => {
    const known = failures.get(who);
    const live = known !== undefined && known.untilMs > clock.now() ? known.count : 0;
    failures.delete(who);
    failures.set(who, { count: live + 1, untilMs: clock.now() + forgottenMs });
    if (failures.size > mostRemembered) failures.delete(failures.keys().next().value as string);
  };
  const blocked = (who: string) => {
    const known = failures.get(who);
    return known !== undefined && known.untilMs > clock.now() && known.count >= mostFailures;
  };

  return async ({ request, response }: Visit): Promise<boolean> => {
    const form = await readForm(request);
    if (form === undefined) {
      refuse(response, 413, "The form is too large.");
      return true;
    }
    const name = form.get("name") ?? "";
    const next = safeNext(form.get("next"));
    const marks = [`name ${name}`, `address ${request.socket.remoteAddress ?? ""}`];
    if (marks.some(blocked)) {
      const message = "Too many wrong passwords. Try again in five minutes.";
      send(response, 429, "text/html; charset=utf-8", loginPage({ ...ways, next, message }), {
        "retry-after": forgottenMs / 1000,
      });
      return true;
    }
    // Counted before the check, so that many at once are no way around.
    marks.forEach(failed);
    if (!(await users.check(name, form.get("password") ?? ""))) {
      const message = "Name or password is wrong.";
      send(response, 401, "text/html; charset=utf-8", loginPage({ ...ways, next, message }));
      return true;
    }
    for (const mark of marks) failures.delete(mark);
    redirect(response, next, { "set-cookie": sessions.start({ name, stillIn: () => users.has(name) }) });
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
