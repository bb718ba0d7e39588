import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount } from "../core/format.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/ports.ts";
import type { SourceName } from "../core/recording.ts";
import { localText, parseWhen, zoneOf } from "../dates.ts";
import { diskError } from "../destinations/disk/disk-error.ts";
import { partialPaths } from "../destinations/disk/partial.ts";
import { archiveFolder, openExistingLedger, takeArchive } from "../wire/archive.ts";

/** Deletes recordings from the archive and remembers that, so that they are not fetched again. Never touches the source. */
export async function purge(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const filters = filtersOf(invocation);
  if (args.length === 0 && filters.length === 0) {
    throw new RecordingError("usage", "purge: say which recordings: ids, --number, or --before.");
  }
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await openExistingLedger(settings, io);
    const chosen = await choose(args, filters, ledger);
    const bytes = chosen.reduce((sum, entry) => sum + (entry.stored?.bytes ?? 0), 0);
    for (const { ref, stored } of chosen) io.stdout.write(`${stored?.path ?? ref.key}\n`);
    if (!settings.yes) {
      io.stderr.write(
        `${formatCount(chosen.length)} recordings, ${formatBytes(bytes)}, would be deleted here for good; add --yes to do it.\n`,
      );
      return 0;
    }
    // The tombstone first: a crash in between leaves a file that verify names, never a recording that comes back.
    await ledger.purge(
      chosen.map(({ ref }) => ref.key),
      settings.reason ?? "callreel purge",
    );
    for (const entry of chosen) removeFiles(archiveFolder(settings, io), entry);
    io.stderr.write(`${formatCount(chosen.length)} recordings, ${formatBytes(bytes)}, deleted.\n`);
    return 0;
  } finally {
    lock.release();
  }
}

/** A filter for each source, since each writes the starts of its calls in its own way; none when nothing was asked. */
function filtersOf({ settings, io }: Invocation): readonly EntryFilter[] {
  const { number, before } = settings;
  if (number === undefined && before === undefined) return [];
  const timezone = zoneOf(settings.timezone);
  const ms = before === undefined ? undefined : parseWhen(before, io.clock.now(), timezone, "--before");
  const bounds = (source: SourceName): EntryFilter =>
    ms === undefined ? {} : { to: source === "tim" ? localText(ms, timezone) : new Date(ms).toISOString() };
  const wanted = settings.source === undefined ? (["ringcentral", "tim"] as const) : [settings.source];
  return wanted.map((source) => ({ source, ...bounds(source), ...(number === undefined ? {} : { number }) }));
}

async function choose(
  ids: readonly string[],
  filters: readonly EntryFilter[],
  ledger: Archive,
): Promise<LedgerEntry[]> {
  const chosen = new Map<string, LedgerEntry>();
  const add = (entry: LedgerEntry) => {
    if (entry.state !== "purged") chosen.set(entry.ref.key, entry);
  };
  for (const filter of filters) for await (const page of ledger.entries(filter)) page.forEach(add);
  for (const id of ids) {
    const before = chosen.size;
    const exact = await ledger.entry(id.replace(/^\/?r\//, ""));
    if (exact !== undefined) add(exact);
    else for await (const page of ledger.entries({ id })) page.forEach(add);
    if (chosen.size === before && exact === undefined)
      throw new RecordingError("not-found", `The archive knows nothing of ${id}.`);
  }
  return [...chosen.values()];
}

/** The audio and the sidecar under either of the names it can have, or the part of a recording that never became whole. */
function removeFiles(root: string, { ref, stored }: LedgerEntry): void {
  for (const path of stored === undefined ? Object.values(partialPaths(root, ref.key)) : filesOf(root, stored.path)) {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw diskError(error, path);
    }
  }
}

function filesOf(root: string, path: string): readonly string[] {
  const stem = path.replace(/\.[^./]+$/, "");
  return [path, `${stem}.info.json`, `${path}.info.json`].map((name) => join(root, name));
}
