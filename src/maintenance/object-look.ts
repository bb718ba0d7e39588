import { periodEnd } from "../cli/dates.ts";
import { locksAskedOf, type NotedLock } from "../composition/noted-locks.ts";
import { momentText } from "../core/local-time.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { FileFacts, Store } from "../core/model/store.ts";
import type { Difference, FileState, VerifyPorts } from "../core/proof/verify.ts";
import { hashStored } from "./read-stored.ts";

/** How finished files are looked at. */
export interface Look {
  readonly hash: VerifyPorts["hash"];
  readonly atOnce: number;
  /** Told of the entries that are looked at next, and whom to tell what is wrong with their objects besides the bytes. */
  begins(page: readonly LedgerEntry[], differs: (difference: Difference) => void): void;
  /** Notes in the ledger what the store calls the bytes that were read since, and are as they came. */
  settle(): Promise<void>;
}

interface LookSettings {
  /** Reads every object; otherwise what the store tells of it has to do. */
  readonly reads: boolean;
  readonly timezone: string | undefined;
}

/** A request for each, and most of its time is spent on the way. */
const looksAtOnce = 32;
const readsAtOnce = 8;

/**
 * Looks at the objects of a bucket, and whether each has the lock that its archive asked for. An object is read where the
 * store tells no hash of it or another ETag than it gave the upload, and where the last reading found it damaged.
 */
export async function openObjectLook(store: Store, ledger: Archive, { reads, timezone }: LookSettings): Promise<Look> {
  const locks = await locksAskedOf(ledger);
  let entries = new Map<string, LedgerEntry>();
  let differs: (difference: Difference) => void = () => {};
  const etags = new Map<RecordingKey, string>();

  async function read(path: string, key: RecordingKey): Promise<FileState | undefined> {
    const found = await hashStored(store, path);
    const { sha256, etag } = entries.get(path)?.stored ?? {};
    if (found?.etag !== undefined && found.etag !== etag && found.sha256 === sha256) etags.set(key, found.etag);
    return found;
  }

  return {
    atOnce: reads ? readsAtOnce : looksAtOnce,
    begins(page, tell) {
      differs = tell;
      entries = new Map(page.map((entry) => [entry.stored?.path ?? "", entry]));
    },
    async hash(path, key) {
      const facts = reads && locks.length === 0 ? undefined : await store.stat(path);
      // A transcript is not locked.
      if (facts !== undefined && entries.has(path)) {
        const message = lockFault(facts, locks, timezone);
        if (message !== undefined) differs({ kind: "lock", key, path, message });
      }
      if (reads) return read(path, key);
      if (facts === undefined) return undefined;
      return isAsItCame(facts, entries.get(path)) ? { bytes: facts.bytes, sha256: facts.sha256 } : read(path, key);
    },
    async settle() {
      if (etags.size > 0) await ledger.noteEtags(etags);
      etags.clear();
    },
  };
}

/** Whether the store's word does: it tells a hash, calls the bytes what it called them before, and nobody has found them damaged. */
function isAsItCame(
  facts: FileFacts,
  entry: LedgerEntry | undefined,
): facts is FileFacts & { readonly sha256: string } {
  const { etag = facts.etag } = entry?.stored ?? {};
  return facts.sha256 !== undefined && entry?.damage === undefined && etag === facts.etag;
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
