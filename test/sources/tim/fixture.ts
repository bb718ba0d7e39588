import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { RecordingError } from "../../../src/core/model/errors.ts";
import { asRecordingError } from "../../../src/core/model/errors.ts";
import type { DownloadEvent } from "../../../src/core/model/events.ts";
import type { Check, Clock, Source } from "../../../src/core/model/ports.ts";
import type { RecordingRef, Row } from "../../../src/core/model/recording.ts";
import { type Http, openHttp } from "../../../src/http/client.ts";
import { openTim, type TimContext, type TimSettings } from "../../../src/sources/tim/index.ts";
import { openScriptedServer, type Script, type ScriptedServer } from "../../helpers/scripted-server.ts";

export const never = new AbortController().signal;
setMaxListeners(0, never);

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** One TIM played by a script, and the source opened on it. */
export interface Fixture extends AsyncDisposable {
  readonly tim: ScriptedServer;
  readonly source: Source;
  readonly http: Http;
  readonly events: DownloadEvent[];
  readonly settings: TimSettings;
  readonly context: TimContext;
}

export async function openFixture(
  script: Script,
  settings: Partial<TimSettings> = {},
  clock: Clock = realClock,
): Promise<Fixture> {
  const tim = await openScriptedServer(script);
  const http = openHttp({ connections: 8, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "callreel-test" });
  const events: DownloadEvent[] = [];
  const context = { http, clock, random: Math.random, report: (event: DownloadEvent) => void events.push(event) };
  const full: TimSettings = { url: tim.origin, user: "export", password: "s3cret", format: "wav", ...settings };
  return {
    tim,
    http,
    events,
    context,
    settings: full,
    source: openTim(full, context),
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await tim[Symbol.asyncDispose]();
    },
  };
}

/** Lets requests with the Basic login through to `script`, asks all others for it. */
export function behindBasic(script: Script, user = "export", password = "s3cret"): Script {
  const right = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return (request, response) => {
    if (request.headers.authorization === right) return script(request, response);
    return { status: 401, headers: { "www-authenticate": 'Basic realm="TIM"' } };
  };
}

/** A Digest server of its own: SHA-256, and a new nonce after `uses` requests, told by a stale 401. */
export function behindDigest(script: Script, { uses = Infinity, user = "export", password = "s3cret" } = {}): Script {
  let nonces = 0;
  const counts = new Map<string, number>();
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  const challenge = (stale: boolean) => {
    nonces += 1;
    counts.set(`n${nonces}`, 0);
    const header = `Digest realm="TIM", qop="auth", algorithm=SHA-256, nonce="n${nonces}", opaque="o"${stale ? ", stale=true" : ""}`;
    return { status: 401, headers: { "www-authenticate": header } };
  };
  return (request, response) => {
    const given = (request.headers.authorization ?? "").replace(/^Digest /, "");
    const field = (name: string) => new RegExp(`(?:^|, )${name}="?([^",]*)`).exec(given)?.[1] ?? "";
    const a1 = sha(`${user}:TIM:${password}`);
    const wanted = sha(`${a1}:${field("nonce")}:${field("nc")}:${field("cnonce")}:auth:${sha(`GET:${request.url}`)}`);
    if (given === "" || field("username") !== user || field("response") !== wanted || field("opaque") !== "o") {
      return challenge(false);
    }
    const count = (counts.get(field("nonce")) ?? Infinity) + 1;
    counts.set(field("nonce"), count);
    return count > uses ? challenge(true) : script(request, response);
  };
}

export function row(fields: Record<string, unknown>): Row {
  return { fields, file: "calls.csv", line: 2 };
}

export function recording(voicefilename = "NCS1", datasource = "3", voicelocation = "4"): RecordingRef {
  const key = ["tim", datasource, voicelocation, voicefilename].map(encodeURIComponent).join("/");
  return { key, source: "tim", id: voicefilename, locator: { datasource, voicelocation, voicefilename }, call: {} };
}

export async function refusal(work: Promise<unknown> | (() => unknown)): Promise<RecordingError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (thrown) {
    return asRecordingError(thrown);
  }
  throw new Error("nothing was refused");
}

export async function allChecks(checks: AsyncIterable<Check> | undefined): Promise<Check[]> {
  const all: Check[] = [];
  if (checks === undefined) throw new Error("the source has no checks");
  for await (const check of checks) all.push(check);
  return all;
}
