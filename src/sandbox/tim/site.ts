import type { SandboxClock } from "../clock.ts";
import type { EventLog } from "../events.ts";
import type { Call, CallRow } from "./calls.ts";
import type { FaultPlan } from "./faults.ts";
import type { Login } from "./login.ts";
import type { Signals } from "./signals.ts";
import type { TimSettings } from "./site-settings.ts";
import type { StatsBook } from "./stats.ts";
import type { Tokens } from "./tokens.ts";

/** Everything the two servers share. */
export interface Site {
  readonly settings: TimSettings;
  readonly clock: SandboxClock;
  readonly events: EventLog;
  readonly stats: StatsBook;
  readonly login: Login;
  readonly tokens: Tokens;
  readonly signals: Signals;
  readonly faults: FaultPlan;
  readonly rows: readonly CallRow[];
  /** The recorded calls by key (see keyOf). */
  readonly recordings: ReadonlyMap<string, Call>;
  /** Aborted when the sandbox closes: whoever waits gives up. */
  readonly closing: AbortSignal;
  /** `http://127.0.0.1:port`, or https, as the settings have it now. */
  echoOrigin(): string;
}
