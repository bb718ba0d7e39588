import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxClock } from "../../src/sandbox/clock.ts";
import type { CallsData } from "../../src/sandbox/tim/calls.ts";
import { callsCsv } from "../../src/sandbox/tim/calls-csv.ts";
import type { FaultKind } from "../../src/sandbox/tim/faults.ts";
import { openTimSandbox, type TimSandbox } from "../../src/sandbox/tim/index.ts";
import type { TimSettingsPatch } from "../../src/sandbox/tim/site-settings.ts";

/** A TIM on this machine, an export of its calls table, and a home folder of its own for the program. */
export interface TimWorld extends AsyncDisposable {
  readonly tim: TimSandbox;
  readonly home: string;
  readonly archive: string;
  readonly csv: string;
  readonly env: Record<string, string>;
  /** Finished files by name of the recording they hold the bytes of; fails on bytes that no recording has. */
  held(): ReadonlyMap<string, string>;
}

export async function openTimWorld(
  rows: number,
  settings: TimSettingsPatch = {},
  data: Omit<CallsData, "rows"> = {},
  clock?: SandboxClock,
): Promise<TimWorld> {
  const home = mkdtempSync(join(tmpdir(), "callreel-e2e-"));
  const tim = await openTimSandbox({ data: { rows, ...data }, settings, ...(clock && { clock }) });
  const csv = join(home, "calls.csv");
  writeFileSync(csv, callsCsv(tim.rows()));
  const archive = join(home, "recordings");
  return {
    tim,
    home,
    archive,
    csv,
    env: { ...tim.env, HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config") },
    held: () => heldIn(archive, tim),
    async [Symbol.asyncDispose]() {
      await tim.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function heldIn(archive: string, tim: TimSandbox): ReadonlyMap<string, string> {
  const byHash = new Map(tim.recordings().map((call) => [sha256(tim.audioOf(call.voicefilename)), call.voicefilename]));
  const held = new Map<string, string>();
  for (const path of finishedIn(archive)) {
    const id = byHash.get(sha256(readFileSync(path)));
    if (id === undefined) throw new Error(`${path} holds bytes that no recording has`);
    held.set(id, path);
  }
  return held;
}

/** Gives a bad body of each kind, whenever it is asked for, to one recording after the other; returns the ids of all. */
export function spoil(tim: TimSandbox, kinds: readonly FaultKind[]): string[] {
  const ids = [...new Set(tim.recordings().map((call) => call.voicefilename))];
  tim.settings.faults = kinds.map((kind, at) => ({
    on: "echo",
    do: kind,
    recording: ids[at] as string,
    times: 0,
    bytes: 100,
  }));
  return ids;
}

/** Every file in an archive that looks finished. */
export function finishedIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.startsWith(".callreel") && path !== "SHA256SUMS" && !path.endsWith(".info.json"))
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The NDJSON lines of an output, each of which must parse. */
export function eventsOf(out: string): Record<string, unknown>[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
