import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Check } from "../../core/model/ports.ts";
import type { Link, RecordingRef, ResponseHead } from "../../core/model/recording.ts";
import { exitOf } from "../check-failure.ts";
import type { Login } from "./auth/login.ts";
import { shownScheme } from "./auth/refusal.ts";
import type { TimLink } from "./link.ts";
import { readableOnTheWire, type Tim, type TimContext } from "./settings.ts";
import { tlsVersion } from "./tls-probe.ts";

/** What the checks use of the source. */
export interface CheckPorts {
  readonly tim: Tim;
  readonly login: Login;
  readonly context: TimContext;
  readonly take: (ref: RecordingRef, signal: AbortSignal) => Promise<TimLink>;
  readonly classifyFailure: (error: RecordingError, ref: RecordingRef) => RecordingError;
}

/** Address, TLS, login scheme, login, token and Echo, in this order; stops where the next ones could tell nothing. */
export async function* checkTim(ports: CheckPorts, signal: AbortSignal): AsyncIterable<Check> {
  const { tim } = ports;
  yield addressCheck(tim);
  if (tim.base.protocol === "https:") yield await tlsCheck(tim, signal);
  const scheme = await schemeCheck(ports, signal);
  yield scheme;
  if (scheme.status === "failed") return;
  const { sample } = tim.settings;
  if (sample === undefined) {
    yield await checkLogin(ports, signal);
    const message = "Give one row with a recording (--rows) to try a token and Echo.";
    yield { name: "TIM token", status: "skipped", message };
    return;
  }
  yield* sampleChecks(sample, ports, signal);
}

/** One request with the login, for an unnamed recording: only whether the login is taken. */
export async function checkLogin(
  { login, tim, context }: Pick<CheckPorts, "login" | "tim" | "context">,
  signal: AbortSignal,
): Promise<Check> {
  const name = "TIM login";
  try {
    const { answer } = await login.get(() => unnamedUrl(tim, context), signal);
    if (answer.status === 403) {
      return {
        name,
        status: "warning",
        message: `${tim.base.host} took the login, but refuses its voice script (403).`,
        remedy: "Allow the web user's class to use it.",
      };
    }
    if (answer.status >= 500 || answer.status === 429) {
      return { name, status: "warning", message: `${tim.base.host} answers ${answer.status}; try again later.` };
    }
    return { name, status: "ok", message: `${tim.base.host} accepts the login.` };
  } catch (thrown) {
    return failed(name, thrown);
  }
}

function addressCheck({ base }: Tim): Check {
  const name = "TIM address";
  if (!readableOnTheWire(base)) return { name, status: "ok", message: base.origin };
  return {
    name,
    status: "warning",
    message: `${base.origin} is plain http: login and recordings can be read on the network.`,
    remedy: "Use https, if TIM offers it, or a network on which nobody else can listen.",
  };
}

async function tlsCheck({ base, settings: { proxy } }: Tim, signal: AbortSignal): Promise<Check> {
  const name = "TIM TLS version";
  const version = await tlsVersion(base, { timeoutMs: 10_000, ...(proxy === undefined ? {} : { proxy }) }, signal);
  const way = proxy === undefined ? "" : ` through the proxy ${new URL(proxy).host}`;
  if (version === undefined) return { name, status: "warning", message: `No TLS connection to ${base.host}${way}.` };
  if (version !== "TLSv1" && version !== "TLSv1.1") return { name, status: "ok", message: `${version}${way}` };
  return {
    name,
    status: "warning",
    message: `${base.host} supports at most ${version}${way}, which is no longer safe.`,
    remedy: `Update TIM's web server; until then --tls-min-version ${version === "TLSv1" ? "1.0" : "1.1"}.`,
  };
}

const unreached = "Check the network, a firewall or proxy on the way (HTTPS_PROXY), and --tim-url.";

async function schemeCheck({ login, tim, context }: CheckPorts, signal: AbortSignal): Promise<Check> {
  const name = "TIM login scheme";
  try {
    const schemes = await login.offered(() => unnamedUrl(tim, context), signal);
    if (schemes.length === 0) return { name, status: "warning", message: `${tim.base.host} offers no login scheme.` };
    return { name, status: "ok", message: `${tim.base.host} offers ${schemes.map(shownScheme).join(", ")}.` };
  } catch (thrown) {
    const check = failed(name, thrown);
    return asRecordingError(thrown).code === "unreachable" ? { ...check, remedy: unreached } : check;
  }
}

async function* sampleChecks(sample: RecordingRef, ports: CheckPorts, signal: AbortSignal): AsyncIterable<Check> {
  let taken: TimLink;
  try {
    taken = await ports.take(sample, signal);
  } catch (thrown) {
    const error = asRecordingError(thrown);
    if (error.code !== "login-refused" && error.head !== undefined) {
      yield { name: "TIM login", status: "ok", message: `${ports.tim.base.host} accepts the login.` };
    }
    yield failed(error.code === "login-refused" ? "TIM login" : "TIM token", error);
    return;
  }
  yield { name: "TIM login", status: "ok", message: `${ports.tim.base.host} accepts the login.` };
  const ms = Math.round(ports.context.clock.monotonic() - taken.link.takenAt);
  yield { name: "TIM token", status: "ok", message: `${sample.key}: an address at ${taken.echoHost} within ${ms} ms.` };
  yield await echoCheck(taken.link, sample, ports, signal);
}

async function echoCheck(link: Link, sample: RecordingRef, ports: CheckPorts, signal: AbortSignal): Promise<Check> {
  const name = "Echo";
  try {
    const { status, headers } = await headOf(link, ports, signal);
    if (status >= 200 && status < 300) {
      const type = /^[\w.+/-]{1,60}$/.exec(headers["content-type"]?.split(";")[0] ?? "")?.[0] ?? "an unnamed type";
      return { name, status: "ok", message: `Echo can be reached from here and answers with ${type}.` };
    }
    return {
      name,
      status: "warning",
      message: `Echo can be reached from here, but answers ${status} for ${sample.key}.`,
    };
  } catch (thrown) {
    return failed(name, ports.classifyFailure(asRecordingError(thrown), sample));
  }
}

/** Status and headers only: the connection is cut before the audio. */
async function headOf(link: Link, { context }: CheckPorts, signal: AbortSignal): Promise<ResponseHead> {
  const enough = new RecordingError("interrupted", "The head is enough.");
  let seen: ResponseHead | undefined;
  const receiver = {
    head(head: ResponseHead) {
      seen = head;
      throw enough;
    },
    chunk() {},
  };
  try {
    await context.http.stream({ url: link.url, headers: link.headers }, receiver, signal);
  } catch (thrown) {
    if (thrown !== enough) throw thrown;
  }
  if (seen === undefined) throw new RecordingError("reset", "Echo closed the connection without an answer.");
  return seen;
}

function unnamedUrl(tim: Tim, { clock }: TimContext): string {
  return tim.tokenUrl({ datasource: "", voicelocation: "", voicefilename: "" }, clock.now());
}

function failed(name: string, thrown: unknown): Check {
  const error = asRecordingError(thrown);
  return { name, status: "failed", message: error.message, ...exitOf(error) };
}
