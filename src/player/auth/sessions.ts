import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingRef } from "../../core/model/recording.ts";

/** Somebody who is let in, and what of the archive is theirs. */
export interface Listener {
  /** For the audit log. */
  readonly name: string;
  /** Whether the entry may be shown in lists; everything, when absent. */
  readonly sees?: (entry: LedgerEntry) => boolean;
  /** Whether the recording may be heard; every one, when absent. */
  readonly mayHear?: (ref: RecordingRef, signal: AbortSignal) => Promise<boolean>;
  /** Whether the person may still come in; always, when absent. */
  readonly stillIn?: () => Promise<boolean>;
  /** Ends what the login holds. */
  readonly close?: () => Promise<void>;
}

/** Who is logged in, in memory: a restart logs everybody out. */
export interface Sessions {
  /** The cookie's name; the port is part of it, for cookies are shared by all ports of a host. */
  readonly cookie: string;
  /** Starts a session and gives the Set-Cookie header. */
  start(listener: Listener): string;
  of(request: IncomingMessage): Listener | undefined;
  end(request: IncomingMessage): Promise<string>;
  close(): Promise<void>;
}

interface Session {
  readonly listener: Listener;
  untilMs: number;
}

const lifeMs = 12 * 3600 * 1000;
const mostSessions = 10_000;

export function openSessions(port: number, secure: boolean, now: () => number): Sessions {
  const sessions = new Map<string, Session>();
  const cookie = secure ? "__Host-callreel" : `callreel-${port}`;
  const attributes = `; Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  const drop = async (id: string) => {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.listener.close?.();
  };
  const sweep = () => {
    for (const [id, { untilMs }] of sessions) {
      if (untilMs <= now() || sessions.size >= mostSessions) void drop(id);
    }
  };
  return {
    cookie,
    start(listener) {
      sweep();
      const token = randomBytes(24).toString("base64url");
      sessions.set(digest(token), { listener, untilMs: now() + lifeMs });
      return `${cookie}=${token}${attributes}`;
    },
    of(request) {
      const token = cookiesOf(request).get(cookie);
      const session = token === undefined ? undefined : sessions.get(digest(token));
      return session === undefined || session.untilMs <= now() ? undefined : session.listener;
    },
    async end(request) {
      const token = cookiesOf(request).get(cookie);
      if (token !== undefined) await drop(digest(token));
      return `${cookie}=${attributes}; Max-Age=0`;
    },
    async close() {
      await Promise.all([...sessions.keys()].map(drop));
    },
  };
}

export function cookiesOf({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  const pairs = (headers.cookie ?? "").split(";").map((pair) => pair.split("="));
  return new Map(pairs.map(([name = "", ...value]) => [name.trim(), value.join("=").trim()]));
}

/** Compares secrets in a time that tells nothing. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
