import type { Invocation } from "../command.ts";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import { poolSources } from "../core/pool.ts";
import type { Source, Streamer } from "../core/ports.ts";
import type { SourceName } from "../core/recording.ts";
import type { Wiring } from "./context.ts";
import { type WiredSource, wireSource } from "./sources.ts";

/** The sources of a run, with the HTTP clients that fetch the audio of each one's logins. */
export interface SourceSet extends AsyncDisposable {
  readonly sources: ReadonlyMap<SourceName, Source>;
  readonly streamers: Readonly<Partial<Record<SourceName, readonly Streamer[]>>>;
  /** The source, or a `usage` error that says which settings are missing. */
  required(name: SourceName): Source;
}

/** Opens every source that the settings have a login for; with several profiles, their logins share the work. */
export async function openSources(invocation: Invocation, wiring: Omit<Wiring, "settings">): Promise<SourceSet> {
  const sources = new Map<SourceName, Source>();
  const streamers: Partial<Record<SourceName, readonly Streamer[]>> = {};
  const opened: WiredSource[] = [];
  for (const [name, settings] of await loginsOf(invocation)) {
    const logins: WiredSource[] = [];
    for (const each of settings) logins.push(await wireSource(name, { ...wiring, settings: each }));
    const [first, ...others] = logins;
    if (first === undefined) continue;
    opened.push(...logins);
    streamers[name] = logins.map(({ http }) => http);
    sources.set(
      name,
      others.length === 0 ? first.source : poolSources([first.source, ...others.map((each) => each.source)]),
    );
  }
  return {
    sources,
    streamers,
    required(name) {
      const source = sources.get(name);
      if (source === undefined) throw new RecordingError("usage", missingLogin[name]);
      return source;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((each) => each.source[Symbol.asyncDispose]()));
      await Promise.all(opened.map((each) => each.http[Symbol.asyncDispose]()));
    },
  };
}

/** The settings of each login to each source, in the order in which links name them. */
export async function loginsOf(
  invocation: Invocation,
): Promise<readonly (readonly [SourceName, readonly Settings[]])[]> {
  const profiles = await profileSettings(invocation);
  return wantedSources(invocation.settings).map((name) => [name, profiles.filter((each) => hasLogin(name, each))]);
}

async function profileSettings({ settings, underProfile }: Invocation): Promise<Settings[]> {
  const further = settings.profile?.slice(1) ?? [];
  return [settings, ...(await Promise.all(further.map(underProfile)))];
}

function wantedSources(settings: Settings): readonly SourceName[] {
  return settings.source === undefined ? ["ringcentral", "tim"] : [settings.source];
}

function hasLogin(name: SourceName, settings: Settings): boolean {
  if (name === "tim") return settings.timUrl !== undefined;
  return (
    settings.clientId !== undefined || settings.accessToken !== undefined || settings.accessTokenFile !== undefined
  );
}

const missingLogin: Readonly<Record<SourceName, string>> = {
  ringcentral:
    "RingCentral's login is missing: set RC_APP_CLIENT_ID, RC_APP_CLIENT_SECRET and RC_USER_JWT (each also as …_FILE), or run callreel auth login ringcentral.",
  tim: "TIM's address is missing: give --tim-url or TIM_URL, with TIM_USERNAME and TIM_PASSWORD (or TIM_PASSWORD_FILE).",
};

/** The requests a minute that the first source with such a limit allows: for an honest time left. */
export function ratePerMinute({ sources }: SourceSet): number | undefined {
  const rates = [...sources.values()].map((source) => source.ratePerMinute?.());
  return rates.find((rate) => rate !== undefined);
}
