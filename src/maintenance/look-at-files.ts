import { RecordingError } from "../core/model/errors.ts";
import type { LedgerEntry } from "../core/model/ledger.ts";
import type { FileFacts, Store } from "../core/model/store.ts";

/** Where each look is a request, so many are on their way at once. */
const atOnce = 32;

/** A `Look` that tells all that the store knows. */
export type LookAtFacts = (path: string) => FileFacts | undefined;

/** Looks at the files of held recordings without reading them; neither through links nor at anything but plain files. */
export async function lookAt(store: Store, entries: readonly (LedgerEntry | undefined)[]): Promise<LookAtFacts> {
  return lookAtPaths(
    store,
    entries.flatMap((entry) => (entry?.state === "done" ? (entry.stored?.path ?? []) : [])),
  );
}

/** The same for files by their paths. */
export async function lookAtPaths(store: Store, paths: readonly string[]): Promise<LookAtFacts> {
  const facts = new Map<string, FileFacts | undefined>();
  for (let at = 0; at < paths.length; at += atOnce) {
    const some = paths.slice(at, at + atOnce);
    await Promise.all(some.map(async (path) => facts.set(path, await statOf(store, path))));
  }
  return (path) => facts.get(path);
}

/** Nothing of the archive stands where a path leads out of it. */
async function statOf(store: Store, path: string): Promise<FileFacts | undefined> {
  try {
    return await store.stat(path);
  } catch (error) {
    if (error instanceof RecordingError && error.code === "unsafe-path") return undefined;
    throw error;
  }
}
