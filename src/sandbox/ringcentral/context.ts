import type { SandboxClock } from "../clock.ts";
import type { EventLog } from "../events.ts";
import type { CallData, CallStore } from "./calls/store.ts";
import type { Gateway } from "./events/gateway.ts";
import type { Limiter } from "./limiter.ts";
import type { Login, Sessions } from "./oauth/sessions.ts";
import type { SandboxUser } from "./oauth/users.ts";
import type { Audio } from "./recordings/audio.ts";
import type { SandboxRequest } from "./server/request.ts";
import type { RingCentralSettings } from "./settings.ts";
import type { Stats } from "./stats.ts";
import type { VoicemailStore } from "./voicemail/store.ts";

/** Everything one sandbox is made of; handlers take what they need from it. */
export interface Sandbox {
  readonly clock: SandboxClock;
  readonly events: EventLog;
  readonly settings: RingCentralSettings;
  readonly data: CallData;
  readonly calls: CallStore;
  readonly voicemail: VoicemailStore;
  readonly users: readonly SandboxUser[];
  readonly app: { readonly clientId: string; readonly clientSecret: string };
  readonly sessions: Sessions;
  readonly limiter: Limiter;
  readonly audio: Audio;
  readonly gateway: Gateway;
  readonly stats: Stats;
  readonly urls: { api: string; media: string; foreign: string };
}

/** Whether the user behind a login has a permission, and the account's settings leave it to users. */
export function isGranted({ settings }: Sandbox, { user }: Login, permission: string): boolean {
  return user.permissions.includes(permission) && !settings.withheldPermissions.includes(permission);
}

/** One authorised API call. */
export interface ApiCall {
  readonly sandbox: Sandbox;
  readonly request: SandboxRequest;
  /** The values in the path, by the route's names. */
  readonly params: Readonly<Record<string, string>>;
  readonly login: Login;
}
