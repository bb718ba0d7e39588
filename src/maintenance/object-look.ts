import { periodEnd } from "../cli/dates.ts";
import { locksAskedOf, type NotedLock } from "../composition/noted-locks.ts";
import { momentText } from "../core/local-time.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { FileFacts, Store } from "../core/model/store.ts";
import type { Difference, VerifyPorts } from "../core/proof/verify.ts";
import { hashStored } from "./read-stored.ts";

/** How finished files are looked at. */
export interface Look {
  readonly hash: VerifyPorts["hash"];
  readonly atOnce: number;
  /** Told of the entries that are looked at next. */
  begins(page: readonly LedgerEntry[]): void;
}

interface LookSettings {
  /** Reads every object; otherwise what the store tells of it has to do. */
  readonly reads: boolean;
  readonly differs: (difference: Difference) => void;
  readonly timezone: string | undefined;
}

/** A request for each, and most of its time is spent on the way. */
const looksAtOnce = 32;
const readsAtOnce = 8;

/**
 * Looks at the objects of a bucket, and whether each has the lock that its archive asked for. An object is read where the
 * store tells no hash of it, and where the last reading found it damaged.
 */
export async function openObjectLook(
  store: Store,
  ledger: Archive,
  { reads, differs, timezone }: LookSettings,
): Promise<Look> {
  const locks = await locksAskedOf(ledger);
  let doubted = new Set<string>();
  return {
    atOnce: reads ? readsAtOnce : looksAtOnce,
    begins(page) {
      doubted = new Set(page.flatMap(({ stored, damage }) => (damage === undefined ? [] : (stored?.path ?? []))));
    },
    async hash(path, key) {
      const facts = reads && locks.length === 0 ? undefined : await store.stat(path);
      if (facts !== undefined) {
        const message = lockFault(facts, locks, timezone);
        if (message !== undefined) differs({ kind: "lock", key, path, message });
      }
      if (reads || doubted.has(path)) return hashStored(store, path);
      if (facts === undefined) return undefined;
      const { bytes, sha256 } = facts;
      return sha256 === undefined ? hashStored(store, path) : { bytes, sha256 };
    },
  };
}

/** Stores count a period's end from their own clock, and this machine's may differ. */
const dayMs = 24 * 3600 * 1000;

/** What is wrong with an object's lock, if its archive had asked for one by the time it came. */
export function lockFault(
  { changedMs, retention }: FileFacts,
  locks: readonly NotedLock[],
  timezone: string | undefined,
): string | undefined {
  // Stores tell whole seconds.
  const asked = locks.findLast(({ sinceMs }) => sinceMs - (sinceMs % 1000) <= changedMs);
  if (asked === undefined) return undefined;
  const wanted = `${asked.mode.toLowerCase()}:${asked.keep}`;
  if (retention === undefined) return `it has no Object Lock, and this archive asked for ${wanted}`;
  if (asked.mode === "COMPLIANCE" && retention.mode !== "COMPLIANCE") {
    return `its Object Lock is ${retention.mode.toLowerCase().slice(0, 20)}, and this archive asked for ${wanted}`;
  }
  if (retention.untilMs >= periodEnd(changedMs, asked.keep, "UTC") - dayMs) return undefined;
  return `its Object Lock ends ${momentText(retention.untilMs, timezone)}, too early for ${wanted}, which this archive asked for`;
}
