import type { Settings } from "../cli/config.ts";
import { periodEnd, zoneOf } from "../cli/dates.ts";
import { startMs } from "../core/local-time.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { Direction } from "../core/model/recording.ts";

/** How long calls are kept; a rule without direction and extension is for all. */
export interface RetentionRule {
  readonly keep: string;
  readonly direction?: Direction;
  readonly extension?: string;
}

const note = "retention rules";

/** The archive's rules, in the order in which they were set. */
export async function readRules(ledger: Archive): Promise<readonly RetentionRule[]> {
  return JSON.parse((await ledger.get(note)) ?? "[]") as RetentionRule[];
}

export async function writeRules(ledger: Archive, rules: readonly RetentionRule[]): Promise<void> {
  await ledger.set(note, JSON.stringify(rules));
}

/** What the rules say of the archive. */
export interface Expired {
  readonly expired: readonly LedgerEntry[];
  /** Recordings that a rule is for, but whose start nobody knows: they are kept. */
  readonly undated: number;
}

/**
 * The recordings whose time is over: a rule is for them, and none that is or may be for them (for a call may not tell its
 * direction or extension) still runs. So the longest rule wins.
 */
export async function findExpired(ledger: Archive, settings: Settings, nowMs: number): Promise<Expired> {
  const rules = await readRules(ledger);
  const timezone = zoneOf(settings);
  const expired: LedgerEntry[] = [];
  let undated = 0;
  for await (const page of ledger.entries({})) {
    for (const entry of page) {
      const possible = rules.filter((rule) => fits(rule, entry, true));
      if (entry.state === "purged" || !possible.some((rule) => fits(rule, entry, false))) continue;
      const start = startMs(entry.ref.call.start, timezone);
      if (start === undefined) undated += 1;
      else if (possible.every(({ keep }) => periodEnd(start, keep, timezone) <= nowMs)) expired.push(entry);
    }
  }
  return { expired, undated };
}

function fits({ direction, extension }: RetentionRule, { ref }: LedgerEntry, ifUntold: boolean): boolean {
  const same = (asked: string | undefined, told: string | undefined) =>
    asked === undefined || asked === told || (told === undefined && ifUntold);
  return same(direction, ref.call.direction) && same(extension, ref.call.extension);
}
