import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount } from "../core/format.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/ports.ts";
import { localText, parseWhen, zoneOf } from "../dates.ts";
import { archiveFolder, openExistingLedger, takeArchive } from "../wire/archive.ts";

/** Deletes recordings from the archive and remembers that, so that they are not fetched again. Never touches the source. */
export async function purge(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const filter = filterOf(invocation);
  if (args.length === 0 && filter === undefined) {
    throw new RecordingError("usage", "purge: say which recordings: ids, --number, or --before.");
  }
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await openExistingLedger(settings, io);
    const chosen = await choose(args, filter, ledger);
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
    for (const { stored } of chosen) if (stored !== undefined) removeFiles(archiveFolder(settings, io), stored.path);
    io.stderr.write(`${formatCount(chosen.length)} recordings, ${formatBytes(bytes)}, deleted.\n`);
    return 0;
  } finally {
    lock.release();
  }
}

function filterOf({ settings, io }: Invocation): EntryFilter | undefined {
  if (settings.number === undefined && settings.before === undefined) return undefined;
  const timezone = zoneOf(settings.timezone);
  const before =
    settings.before === undefined ? undefined : parseWhen(settings.before, io.clock.now(), timezone, "--before");
  return {
    ...(settings.number === undefined ? {} : { number: settings.number }),
    ...(settings.source === undefined ? {} : { source: settings.source }),
    ...(before === undefined
      ? {}
      : { to: settings.source === "tim" ? localText(before, timezone) : new Date(before).toISOString() }),
  };
}

async function choose(
  ids: readonly string[],
  filter: EntryFilter | undefined,
  ledger: Archive,
): Promise<LedgerEntry[]> {
  const chosen = new Map<string, LedgerEntry>();
  const add = (entry: LedgerEntry) => {
    if (entry.state !== "purged") chosen.set(entry.ref.key, entry);
  };
  if (filter !== undefined) for await (const page of ledger.entries(filter)) page.forEach(add);
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

function removeFiles(root: string, path: string): void {
  for (const name of [path, path.replace(/\.[^.]+$/, ".info.json")]) rmSync(join(root, name), { force: true });
}
