import { isYoung } from "../../core/download/evidence.ts";
import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Check } from "../../core/model/ports.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import { formatCount } from "../../core/text.ts";
import { exitOf } from "../check-failure.ts";
import { type Api, openApi } from "./api.ts";
import { hasPermission, jwtClaims, jwtWarnings, mayReadCompanyLog, missingScopes } from "./auth/login-status.ts";
import type { Tokens } from "./auth/tokens.ts";
import { newestCallsUrl, refsOfCalls } from "./call-log/newest-calls.ts";
import { readRetention } from "./call-log/retention.ts";
import { checkInsights } from "./insights.ts";
import type { Audio } from "./media/audio.ts";
import { startOf } from "./media/sample.ts";
import type { RingCentralRateLimiter } from "./rate-limiter/limiter.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";
import { checkVoicemail } from "./voicemail/check-voicemail.ts";

export interface CheckWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly rateLimiter: RingCentralRateLimiter;
  readonly tokens: Tokens;
  readonly audio: Audio;
}

/** `sample` is a recording to try: the one that was given, else the newest of the call log once that was read. */
type Steps = CheckWorld & { sample?: RecordingRef | undefined };
type Step = (world: Steps, api: Api, signal: AbortSignal) => Promise<Omit<Check, "name">>;

/** In the order in which they build on each other; without a login the rest is skipped. */
const steps: readonly (readonly [name: string, step: Step])[] = [
  ["RingCentral: API host", apiHost],
  ["RingCentral: media host", mediaHost],
  ["RingCentral: login", login],
  ["RingCentral: app permissions", scopes],
  ["RingCentral: role", role],
  ["RingCentral: role for recordings", roleForRecordings],
  ["RingCentral: call log and rate limit", callLog],
  ["RingCentral: one recording", oneRecording],
  ["RingCentral: retention", retention],
  ["RingCentral: voicemail", checkVoicemail],
  ["RingCentral: insights", checkInsights],
];

const skewLimitMs = 60_000;

/** The checks of `callreel doctor` for one login; each asks at most three requests. */
export async function* checkRingCentral(
  ports: CheckWorld,
  signal: AbortSignal,
  sample?: RecordingRef,
): AsyncGenerator<Check, void> {
  const world: Steps = { ...ports, ...(sample === undefined ? {} : { sample }) };
  const api = openApi({ ...world, settings: { ...world.settings, retries: 0 } });
  let loggedIn = true;
  for (const [name, step] of steps) {
    if (!loggedIn) {
      yield { name, status: "skipped", message: "needs a login" };
      continue;
    }
    const check = await step(world, api, signal).catch((error: unknown) => failure(error, signal, remedies.get(step)));
    if (step === login && check.status === "failed") loggedIn = false;
    yield { name, ...check };
  }
}

async function apiHost(
  { settings, context }: CheckWorld,
  _api: Api,
  signal: AbortSignal,
): Promise<Omit<Check, "name">> {
  const askedMs = context.clock.now();
  const answer = await context.http.request({ url: `${settings.server}/restapi`, maxBytes: 1024 * 1024 }, signal);
  const host = new URL(settings.server).host;
  if (answer.status !== 200) {
    return {
      status: "warning",
      message: `${host} answers HTTP ${answer.status} where its version was expected.`,
      remedy: "Check --server.",
    };
  }
  const skewMs = (context.clock.now() + askedMs) / 2 - Date.parse(answer.headers.date ?? "");
  if (Math.abs(skewMs) > skewLimitMs) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    return {
      status: "warning",
      message: `${host} answers, but this machine's clock is ${minutes} min ${skewMs > 0 ? "ahead" : "behind"}.`,
      remedy: "Set the clock (timedatectl set-ntp true): token lives and call times depend on it.",
    };
  }
  return { status: "ok", message: `${host} answers${Number.isNaN(skewMs) ? "" : ", clocks agree"}.` };
}

async function mediaHost({ settings, context }: CheckWorld, _api: Api, signal: AbortSignal) {
  await context.http.request({ url: `${settings.mediaServer}/restapi`, maxBytes: 1024 * 1024 }, signal);
  return { status: "ok", message: `${new URL(settings.mediaServer).host} answers.` } as const;
}

async function login({ settings, context, tokens }: CheckWorld, _api: Api, signal: AbortSignal) {
  const { expiresMs, ownerId } = await tokens.current(signal);
  const jwtEnd = settings.jwt === undefined ? undefined : jwtClaims(settings.jwt).expiresMs;
  const [warning] = jwtWarnings(jwtEnd, context.clock.now());
  if (warning !== undefined) return { status: "warning", message: warning } as const;
  const minutes = Math.round((expiresMs - context.clock.now()) / 60_000);
  const who = ownerId === undefined ? "" : ` as user ${ownerId}`;
  const life = settings.accessToken === undefined ? `, the token lives for another ${minutes} min` : "";
  return { status: "ok", message: `Logged in${who}${life}.` } as const;
}

async function scopes({ tokens }: CheckWorld, _api: Api, signal: AbortSignal): Promise<Omit<Check, "name">> {
  const { scope } = await tokens.current(signal);
  if (scope === "") return { status: "skipped", message: "the token does not say" };
  const missing = missingScopes(scope.split(/\s+/));
  if (missing.length === 0) return { status: "ok", message: "ReadCallLog and ReadCallRecording." };
  return {
    status: "failed",
    message: `The app lacks ${missing.join(" and ")}.`,
    remedy: "Add them to the app in RingCentral's developer console, then log in again.",
    exitCode: 7,
  };
}

async function role(world: CheckWorld, api: Api, signal: AbortSignal): Promise<Omit<Check, "name">> {
  const allowed = await mayReadCompanyLog({ api, settings: world.settings }, signal);
  if (allowed === undefined) return { status: "skipped", message: "RingCentral does not say" };
  if (allowed) return { status: "ok", message: "The user may read the company call log." };
  return {
    status: "warning",
    message: "The user may not read the company call log: only the user's own calls will be listed.",
    remedy: "Have an administrator give a role with Company Call Log and its recordings.",
  };
}

/** Public material spells this permission in both ways. */
const recordingPermissions = ["ReadCompanyCallRecordings", "ReadCompanyCallRecording"] as const;

/** Told apart from the call log's: a role may have the one without the other. What RingCentral says of it is not always so. */
async function roleForRecordings({ settings }: Steps, api: Api, signal: AbortSignal): Promise<Omit<Check, "name">> {
  let denied: string | undefined;
  for (const name of recordingPermissions) {
    const allowed = await hasPermission({ api, settings }, name, signal).catch(unlessRefused);
    if (allowed) return { status: "ok", message: "The user may read the company's recordings." };
    if (allowed === false) denied ??= name;
  }
  if (denied === undefined) return { status: "skipped", message: "RingCentral does not say" };
  return {
    status: "warning",
    message: `RingCentral says that the user may not read the company's recordings (${recordingPermissions.join(", ")}).`,
    remedy: "If the check of one recording fails too: have an administrator give a role with Access Recordings.",
  };
}

/** A permission that RingCentral does not know by this name is neither given nor denied. */
function unlessRefused(error: unknown): undefined {
  const code = error instanceof RecordingError ? error.code : undefined;
  if (code !== "permission-refused" && code !== "forbidden" && code !== "http-error") throw error;
}

async function callLog(world: Steps, api: Api, signal: AbortSignal): Promise<Omit<Check, "name">> {
  const own = await readLog(world, "account", api, signal);
  const { limit, windowMs } = world.rateLimiter.allowance("call-log");
  const allowed = `${limit} requests in ${windowMs / 1000} s are allowed`;
  return { status: "ok", message: `The ${own} answers; ${allowed}.` };
}

/** Where the company's log is refused, the user's own is what a download reads. */
async function readLog(world: Steps, level: "account" | "extension", api: Api, signal: AbortSignal): Promise<string> {
  try {
    const refs = await api.get("call-log", newestCallsUrl(world, level, 10), refsOfCalls, signal);
    world.sample ??= refs.find(({ call }) => !isYoung(call, world.context.clock.now())) ?? refs[0];
    return level === "account" ? "call log" : "user's own call log";
  } catch (error) {
    const refused = error instanceof RecordingError && error.code === "forbidden";
    if (!refused || level === "extension") throw error;
    return readLog(world, "extension", api, signal);
  }
}

async function oneRecording(
  { sample, audio, context }: Steps,
  _api: Api,
  signal: AbortSignal,
): Promise<Omit<Check, "name">> {
  if (sample === undefined) return { status: "skipped", message: "the call log has none to try" };
  try {
    const type = await startOf(audio, sample, context, signal);
    return { status: "ok", message: `${sample.id} begins to arrive, as ${type}.` };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asRecordingError(thrown);
    if (error.code === "gone" || error.code === "not-ready") return { status: "warning", message: error.message };
    if (error.code !== "forbidden") throw error;
    return {
      status: "failed",
      message: error.message,
      remedy: "Have an administrator give the user's role Company Call Log with Access Recordings, then check again.",
      exitCode: 7,
    };
  }
}

async function retention({ settings }: CheckWorld, api: Api, signal: AbortSignal): Promise<Omit<Check, "name">> {
  const kept = await readRetention({ settings, api }, signal);
  if (kept === undefined)
    return { status: "skipped", message: "unknown: the app lacks ReadAccounts, which only voicemail needs besides" };
  const count = kept.most === undefined ? "" : `, the newest ${formatCount(kept.most)} of the account`;
  return { status: "ok", message: `Automatic recordings are kept for ${kept.days} days${count}.` };
}

/** What to look at when a host cannot be reached at all. */
const remedies = new Map<unknown, string>([
  [apiHost, "Check the network, a firewall or proxy on the way (HTTPS_PROXY), and --server."],
  [mediaHost, "Check the network, a firewall or proxy on the way (HTTPS_PROXY), and --media-server."],
]);

function failure(error: unknown, signal: AbortSignal, unreached: string | undefined): Omit<Check, "name"> {
  signal.throwIfAborted();
  const told = asRecordingError(error);
  const remedy = told.code === "unreachable" ? unreached : undefined;
  return { status: "failed", message: told.message, ...(remedy && { remedy }), ...exitOf(told) };
}
