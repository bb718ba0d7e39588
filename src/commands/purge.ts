import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount } from "../core/format.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/ports.ts";
import { localText, parseWhen, zoneOf } from "../dates.ts";
import { diskError } from "../destinations/disk/disk-error.ts";
import { partsOf } from "../destinations/disk/partial.ts";
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
    for (const entry of chosen) removeFiles(archiveFolder(settings, io), entry);
    io.stderr.write(`${formatCount(chosen.length)} recordings, ${formatBytes(bytes)}, deleted.\n`);
    return 0;
  } finally {
    lock.release();
  }
}

/** What was asked for besides ids; undefined when nothing was. */
function filterOf({ settings, io }: Invocation): EntryFilter | undefined {
  const { source, number, before } = settings;
  if (number === undefined && before === undefined) return undefined;
  const timezone = zoneOf(settings.timezone);
  const toMs = before === undefined ? undefined : parseWhen(before, io.clock.now(), timezone, "--before");
  return {
    ...(source === undefined ? {} : { source }),
    ...(toMs === undefined ? {} : { window: { toMs, toLocal: localText(toMs, timezone) } }),
    ...(number === undefined ? {} : { number }),
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

/** The audio and the sidecar under either of the names it can have, or the part of a recording that never became whole. */
function removeFiles(root: string, { ref, stored }: LedgerEntry): void {
  for (const path of stored === undefined ? partsOf(root, ref.key) : filesOf(root, stored.path)) {
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
