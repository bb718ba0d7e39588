import { openSandboxClock, type SandboxClock } from "../clock.ts";
import { type EventLog, openEventLog } from "../events.ts";
import { addCalls } from "./calls/add.ts";
import type { Call } from "./calls/call.ts";
import { type CallData, type CallStore, openCallStore } from "./calls/store.ts";
import type { Sandbox } from "./context.ts";
import { type Gateway, openGateway } from "./events/gateway.ts";
import { openLimiter } from "./limiter.ts";
import { openSessions, type Sessions } from "./oauth/sessions.ts";
import { openUsers, type SandboxUser } from "./oauth/users.ts";
import { openAudio } from "./recordings/audio.ts";
import { openForeignHost } from "./server/foreign.ts";
import { patch } from "./server/patch.ts";
import { type Listener, listen, serve } from "./server/serve.ts";
import { defaultSettings, type RingCentralSettings } from "./settings.ts";
import { openStats, type Stats } from "./stats.ts";
import { openVoicemail, type VoicemailStore } from "./voicemail/store.ts";

/** Some of the settings, to any depth. */
export type SettingsPatch<T = RingCentralSettings> = {
  [Name in keyof T]?: T[Name] extends readonly unknown[]
    ? T[Name]
    : T[Name] extends object
      ? SettingsPatch<T[Name]>
      : T[Name];
};

/** How to open a RingCentral. */
export interface RingCentralSandboxOptions {
  readonly clock?: SandboxClock;
  readonly events?: EventLog;
  /** 0 or absent = any free port. */
  readonly ports?: { readonly api?: number; readonly media?: number };
  /** The history; by default 17 recordings of all kinds within the last 30 days, ending ten minutes ago. */
  readonly data?: Partial<CallData>;
  /** How many voicemails there are when it opens; 6 unless told. */
  readonly voicemails?: number;
  readonly settings?: SettingsPatch;
}

/** A running RingCentral. */
export interface RingCentralSandbox {
  readonly apiUrl: string;
  readonly mediaUrl: string;
  /** A host that is not RingCentral's, where redirect faults lead. */
  readonly foreignUrl: string;
  /** The environment of a client that logs in as the administrator. */
  readonly env: Readonly<
    Record<"RC_SERVER_URL" | "RC_MEDIA_URL" | "RC_APP_CLIENT_ID" | "RC_APP_CLIENT_SECRET" | "RC_USER_JWT", string>
  >;
  /** An administrator, and an agent without the company permissions. */
  readonly users: readonly SandboxUser[];
  readonly clock: SandboxClock;
  readonly events: EventLog;
  /** Live: a change counts from the next request on. */
  readonly settings: RingCentralSettings;
  readonly calls: CallStore;
  readonly voicemail: VoicemailStore;
  readonly sessions: Sessions;
  readonly gateway: Gateway;
  /** So many calls of `seconds` that end now: each is in the log from its time on, and subscribers hear of its end. */
  addCalls(count: number, seconds?: number): readonly Call[];
  stats(): Stats;
  /** The whole file of a recording, as it is served. */
  audioOf(recordingId: string): Buffer;
  sha256Of(recordingId: string): string;
  /** Every recording, newest call first: a list of all of them, so not for a million. */
  recordings(): { id: string; recordId: string; kind: string; startMs: number }[];
  close(): Promise<void>;
}

/** Opens a RingCentral on two ports of this machine, built from its public documentation (see ../README.md). */
export async function openRingCentralSandbox(options: RingCentralSandboxOptions = {}): Promise<RingCentralSandbox> {
  const clock = options.clock ?? openSandboxClock();
  const events = options.events ?? openEventLog({ clock });
  const settings = defaultSettings();
  patch(settings, options.settings ?? {});
  const data = { ...defaultData(clock.now()), ...options.data };
  let sandbox: Sandbox | undefined;
  const running = () => sandbox!;
  const listeners: Listener[] = [];
  const open = async (listener: Promise<Listener>) => {
    const opened = await listener;
    listeners.push(opened);
    return opened.url;
  };
  const close = async () => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  try {
    const { ports = {} } = options;
    const api = await open(
      listen(
        ports.api ?? 0,
        (message, response) => serve(running(), "api", message, response),
        (message, socket) => running().gateway.upgrade(message, socket),
      ),
    );
    const media = await open(
      listen(ports.media ?? 0, (message, response) => serve(running(), "media", message, response)),
    );
    const foreign = await open(openForeignHost(running));
    const urls = { api, media, foreign };
    sandbox = build(clock, events, settings, { ...data, voicemails: options.voicemails ?? 6 }, urls);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...outside(sandbox), close };
}

function defaultData(nowMs: number): CallData {
  return { recordings: 17, layout: "varied", days: 30, endMs: nowMs - 600_000, seconds: [30, 90], extensions: 8 };
}

function build(
  clock: SandboxClock,
  events: EventLog,
  settings: RingCentralSettings,
  data: CallData & { readonly voicemails: number },
  urls: Sandbox["urls"],
): Sandbox {
  const calls = openCallStore(data);
  return {
    clock,
    events,
    settings,
    data,
    calls,
    voicemail: openVoicemail(clock, { count: data.voicemails, extensions: data.extensions }),
    users: openUsers(urls.api, clock.now()),
    app: { clientId: "s4ndb0xAppClientId00001", clientSecret: "s4ndb0xAppClientSecret-not-a-real-secret" },
    sessions: openSessions(clock, events, settings.tokens),
    limiter: openLimiter(clock),
    audio: openAudio(calls, settings.content),
    gateway: openGateway({ clock, events, settings }, urls.api),
    stats: openStats(),
    urls,
  };
}

function outside(sandbox: Sandbox): Omit<RingCentralSandbox, "close"> {
  const { urls, app, users, clock, events, settings, calls, voicemail, sessions, gateway, stats, audio } = sandbox;
  return {
    apiUrl: urls.api,
    mediaUrl: urls.media,
    foreignUrl: urls.foreign,
    env: {
      RC_SERVER_URL: urls.api,
      RC_MEDIA_URL: urls.media,
      RC_APP_CLIENT_ID: app.clientId,
      RC_APP_CLIENT_SECRET: app.clientSecret,
      RC_USER_JWT: users[0]!.jwt,
    },
    users,
    clock,
    events,
    settings,
    calls,
    voicemail,
    sessions,
    gateway,
    addCalls: (count, seconds) => addCalls(sandbox, count, seconds),
    stats: () => structuredClone(stats),
    audioOf: (id) => audio.of(id),
    sha256Of: (id) => audio.sha256Of(id),
    recordings: () =>
      Array.from(calls.recordings(), ({ id, call: { recordId, kind, startMs } }) => ({ id, recordId, kind, startMs })),
  };
}
