import type { Settings } from "../cli/config.ts";
import type { ObjectLock } from "../cli/options/bucket.ts";
import type { Archive } from "../core/model/ledger.ts";

/** A lock that an archive asks for from some time on. */
export interface NotedLock extends ObjectLock {
  readonly sinceMs: number;
}

const name = "object locks";

/** The locks that runs of this archive asked for, oldest first. */
export async function locksAskedOf(ledger: Pick<Archive, "get">): Promise<readonly NotedLock[]> {
  return JSON.parse((await ledger.get(name)) ?? "[]") as NotedLock[];
}

/** The settings of what brings a recording besides downloads: it is locked as the archive asked for last, unless they say otherwise. */
export async function lockedAsAsked(settings: Settings, ledger: Pick<Archive, "get">): Promise<Settings> {
  const last = (await locksAskedOf(ledger)).at(-1);
  if (last === undefined || settings.s3ObjectLock !== undefined) return settings;
  return { ...settings, s3ObjectLock: { mode: last.mode, keep: last.keep } };
}

/** Notes in the ledger what a run asks for, so that every object that comes from `sinceMs` on, by the store's clock, can be held against it. */
export async function noteLock(ledger: Pick<Archive, "get" | "set">, lock: ObjectLock, sinceMs: number): Promise<void> {
  const before = await locksAskedOf(ledger);
  const last = before.at(-1);
  if (last?.mode === lock.mode && last.keep === lock.keep) return;
  await ledger.set(name, JSON.stringify([...before, { ...lock, sinceMs }]));
}
