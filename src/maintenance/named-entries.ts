import { RecordingError } from "../core/model/errors.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import { printable } from "../core/text.ts";

/**
 * What the archive knows of recordings that a person named: by id, contentUri, key or permanent path; each once, in the
 * order given. An id that two systems share names both. Throws `not-found` for the first that the archive knows nothing of.
 */
export async function namedEntries(names: readonly string[], ledger: Archive): Promise<LedgerEntry[]> {
  const found = new Map<RecordingKey, LedgerEntry>();
  for (const name of names) {
    const entries = await entriesOf(name, ledger);
    if (entries.length === 0) {
      throw new RecordingError("not-found", `${printable(name)} is not in this archive.`);
    }
    for (const entry of entries) found.set(entry.ref.key, entry);
  }
  return [...found.values()];
}

/**
 * What the archive holds of the recordings named, else what fits the filter, page by page. Throws `not-found` for a name
 * that the archive knows nothing of, and for one that it does not hold.
 */
export async function* heldEntries(
  names: readonly string[],
  filter: EntryFilter,
  ledger: Archive,
): AsyncGenerator<readonly LedgerEntry[]> {
  if (names.length === 0) return yield* ledger.entries(filter);
  const entries = await namedEntries(names, ledger);
  const missing = entries.find(({ state }) => state !== "done");
  if (missing !== undefined) {
    const { ref, state } = missing;
    throw new RecordingError("not-found", `${ref.key} is not held (${state}): callreel show ${ref.key} tells more.`);
  }
  yield entries;
}

async function entriesOf(name: string, ledger: Archive): Promise<LedgerEntry[]> {
  const exact = await ledger.entry(name.replace(/^\/?r\//, ""));
  if (exact !== undefined) return [exact];
  const id = /\/recording\/([^/?#]+)(?:\/content)?(?:[?#]|$)/.exec(name)?.[1] ?? name;
  const entries: LedgerEntry[] = [];
  for await (const page of ledger.entries({ id })) entries.push(...page);
  return entries;
}
