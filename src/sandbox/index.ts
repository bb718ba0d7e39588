import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSandboxClock, type SandboxClock } from "./clock.ts";
import { type EventLog, openEventLog } from "./events.ts";
import {
  openRingCentralSandbox,
  type RingCentralSandbox,
  type RingCentralSandboxOptions,
} from "./ringcentral/index.ts";
import { callsCsv } from "./tim/calls-csv.ts";
import { openTimSandbox, type TimSandbox, type TimSandboxOptions } from "./tim/index.ts";

export interface SandboxOptions {
  readonly clock?: SandboxClock;
  readonly events?: EventLog;
  /** 0 or absent: any free one. */
  readonly ports?: {
    readonly ringcentral?: number;
    readonly media?: number;
    readonly tim?: number;
    readonly echo?: number;
  };
  readonly ringcentral?: Pick<RingCentralSandboxOptions, "data" | "settings">;
  readonly tim?: Pick<TimSandboxOptions, "data" | "settings">;
}

/** Both systems on this machine, with one clock and one event log. */
export interface Sandbox {
  readonly ringcentral: RingCentralSandbox;
  readonly tim: TimSandbox;
  readonly clock: SandboxClock;
  readonly events: EventLog;
  /** TIM's calls table as CSV, in a folder of its own that `close` removes. */
  readonly rowsFile: string;
  /** The environment of a client: addresses, logins, and the calls table as CALLREEL_ROWS. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Opens a RingCentral and a TIM Enterprise with Echo on 127.0.0.1; nothing stays open when one of them fails. */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? openSandboxClock();
  const events = options.events ?? openEventLog({ clock });
  const { ringcentral: api, media, ...timPorts } = options.ports ?? {};
  const opened: { close(): Promise<unknown> }[] = [];
  const close = async () => void (await Promise.all(opened.map((part) => part.close())));
  const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    const apiPorts = { ...(api !== undefined && { api }), ...(media !== undefined && { media }) };
    const ringcentral = keep(await openRingCentralSandbox({ clock, events, ports: apiPorts, ...options.ringcentral }));
    const tim = keep(await openTimSandbox({ clock, events, ports: timPorts, ...options.tim }));
    const folder = await mkdtemp(join(tmpdir(), "callreel-sandbox-"));
    keep({ close: () => rm(folder, { recursive: true, force: true }) });
    const rowsFile = join(folder, "calls.csv");
    await writeFile(rowsFile, callsCsv(tim.rows()));
    return {
      ringcentral,
      tim,
      clock,
      events,
      rowsFile,
      get env() {
        return { ...ringcentral.env, ...tim.env, CALLREEL_ROWS: rowsFile };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
