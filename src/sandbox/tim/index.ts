import { setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { openSandboxClock, type SandboxClock } from "../clock.ts";
import { type EventLog, openEventLog } from "../events.ts";
import { type Call, type CallRow, type CallsData, isRecorded, keyOf, makeCalls } from "./calls.ts";
import { openCertificates } from "./certificates.ts";
import { answerControl } from "./control.ts";
import { answerEcho } from "./echo.ts";
import { openFaultPlan } from "./faults.ts";
import { openListener } from "./listener.ts";
import { openLogin } from "./login.ts";
import { patchSettings } from "./patch-settings.ts";
import { recordedAudio } from "./recorded-audio.ts";
import { openSignals } from "./signals.ts";
import type { Site } from "./site.ts";
import { defaultTimSettings, type TimSettings, type TimSettingsPatch } from "./site-settings.ts";
import { openStats, type TimStats } from "./stats.ts";
import { openTokens } from "./tokens.ts";
import { answerTim } from "./voice.ts";

export interface TimSandboxOptions {
  readonly clock?: SandboxClock;
  readonly events?: EventLog;
  /** 0 or absent: any free one. */
  readonly ports?: { readonly tim?: number; readonly echo?: number };
  readonly data?: CallsData;
  readonly settings?: TimSettingsPatch;
}

/** A TIM Enterprise web server and an Echo Service on this machine. */
export interface TimSandbox {
  /** http or https, as `settings.tls` has it now. */
  readonly timUrl: string;
  readonly echoUrl: string;
  /** What a client has to be told. */
  readonly env: { readonly TIM_URL: string; readonly TIM_USERNAME: string; readonly TIM_PASSWORD: string };
  /** May be changed at any time; holds from the next request on. */
  readonly settings: TimSettings;
  readonly clock: SandboxClock;
  readonly events: EventLog;
  /** PEM of the authority that signs its certificates (all but the self-signed one). */
  readonly certificateAuthority: string;
  stats(): TimStats;
  clearStats(): void;
  /** The calls table. */
  rows(): readonly CallRow[];
  /** The recorded calls of the table, each recording once. */
  recordings(): readonly Call[];
  /** What Echo serves now for a voicefilename (or a key of the statistics), masking included. */
  audioOf(id: string, format?: "wav" | "mp3"): Buffer;
  close(): Promise<void>;
}

/** Opens both servers on 127.0.0.1. */
export async function openTimSandbox(options: TimSandboxOptions = {}): Promise<TimSandbox> {
  const closing = new AbortController();
  // Every request that waits listens to it.
  setMaxListeners(0, closing.signal);
  const certificates = openCertificates();
  const site = openSite(options, closing.signal, () => urlOf(settings.tls.echo, echo.port));
  const { settings, stats } = site;
  const common = { certificates, closing: closing.signal, acceptDelayMs: () => settings.acceptDelayMs };
  const echo = await openListener({
    ...common,
    port: options.ports?.echo ?? 0,
    tls: () => settings.tls.echo,
    answer: logged(site, "echo", (request, response) => answerEcho(site, request, response)),
    connections(change) {
      const { echoConnections } = stats.counts;
      echoConnections.open += change;
      echoConnections.most = Math.max(echoConnections.most, echoConnections.open);
    },
  });
  const tim = await openListener({
    ...common,
    port: options.ports?.tim ?? 0,
    tls: () => settings.tls.tim,
    answer: async (request, response) => {
      if (!(await answerControl(site, request, response))) await answerLogged(request, response);
    },
  }).catch(async (error: unknown) => {
    await echo.close();
    throw error;
  });
  const answerLogged = logged(site, "tim", (request, response) => answerTim(site, request, response));

  return {
    get timUrl() {
      return urlOf(settings.tls.tim, tim.port);
    },
    get echoUrl() {
      return urlOf(settings.tls.echo, echo.port);
    },
    get env() {
      const { username, password } = settings.login;
      return { TIM_URL: urlOf(settings.tls.tim, tim.port), TIM_USERNAME: username, TIM_PASSWORD: password };
    },
    settings,
    clock: site.clock,
    events: site.events,
    get certificateAuthority() {
      return certificates.authority;
    },
    stats: stats.copy,
    clearStats: stats.clear,
    rows: () => site.rows,
    recordings: () => [...site.recordings.values()],
    audioOf: (id, format = "wav") => audioOf(site, id, format),
    async close() {
      closing.abort();
      await Promise.all([tim.close(), echo.close()]);
    },
  };
}

function openSite(options: TimSandboxOptions, closing: AbortSignal, echoOrigin: () => string): Site {
  const clock = options.clock ?? openSandboxClock();
  const settings = defaultTimSettings();
  patchSettings(settings, options.settings ?? {});
  const rows = makeCalls(options.data ?? { rows: 24 }, clock.now());
  const recordings = new Map<string, Call>();
  for (const row of rows) if (isRecorded(row) && !recordings.has(keyOf(row))) recordings.set(keyOf(row), row);
  return {
    settings,
    clock,
    events: options.events ?? openEventLog({ clock }),
    stats: openStats(),
    login: openLogin(settings, clock.now),
    tokens: openTokens(settings, clock.now),
    signals: openSignals(),
    faults: openFaultPlan(),
    rows,
    recordings,
    closing,
    echoOrigin,
  };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Every request becomes an event, without query and without credentials. */
function logged(site: Site, system: "tim" | "echo", answer: Answer): Answer {
  return async (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const { authorization, cookie, range } = request.headers;
    response.once("close", () =>
      site.events.record({
        kind: `${system}-answer`,
        method: request.method ?? "",
        path,
        status: response.headersSent ? response.statusCode : 0,
        complete: response.writableFinished,
        authorization: authorization?.split(" ", 1)[0] ?? null,
        cookie: cookie !== undefined,
        range: range ?? null,
      }),
    );
    await answer(request, response);
  };
}

function audioOf(site: Site, id: string, format: "wav" | "mp3"): Buffer {
  const call = site.recordings.get(id) ?? [...site.recordings.values()].find((known) => known.voicefilename === id);
  if (!call) throw new Error(`The sandbox has no recording ${id}`);
  const audio = recordedAudio(call, format, site.settings.audio, site.signals.sections(call, site.clock.now()));
  return Buffer.concat([audio.head, Buffer.alloc(audio.bytes - audio.head.length)]);
}

function urlOf(tls: string, port: number): string {
  return `${tls === "none" ? "http" : "https"}://127.0.0.1:${port}`;
}
