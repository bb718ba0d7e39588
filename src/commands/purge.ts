import { existsSync } from "node:fs";
import { parseWhen, windowOf, zoneOf } from "../cli/dates.ts";
import type { Invocation, Io } from "../cli/io.ts";
import {
  archiveFolder,
  ledgerDatabase,
  ledgerFile,
  openArchiveStore,
  openExistingLedger,
  refuseLostLedger,
  requireLedger,
  takeArchive,
} from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { significantDigits, tellingDigits } from "../core/archive-fit.ts";
import { localText, momentText } from "../core/local-time.ts";
import type { AuditRecord } from "../core/model/catalogue.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, EntryFilter, LedgerEntry, PurgedFile } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import { formatBytes, formatNumberOf, printable } from "../core/text.ts";
import { keptLine, partByHolds } from "../maintenance/kept-entries.ts";
import { lookAt } from "../maintenance/look-at-files.ts";
import { namedEntries } from "../maintenance/named-entries.ts";
import { deletePurged } from "../maintenance/purge-files.ts";
import { findExpired, readRules } from "../maintenance/retention-rules.ts";
import { tellUntold } from "../maintenance/untold.ts";

/**
 * Deletes recordings from the archive and remembers that, so that they are not fetched again; also what an earlier purge
 * that broke off has left. Never touches the source.
 */
export async function purge(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  const asked = askedOf(invocation);
  const isAsked = asked.byRetention || asked.ids.length > 0 || asked.filter !== undefined;
  const reason = settings.yes ? auditReason(settings, "purge") : undefined;
  if (!isAsked && ledgerDatabase(settings) === undefined && !existsSync(ledgerFile(settings, io))) {
    await refuseLostLedger(archiveFolder(settings, io), ledgerFile(settings, io));
    throw unasked();
  }
  await requireLedger(settings, io);
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await openExistingLedger(settings, io);
    const left = await ledger.purging();
    if (!isAsked && left.length === 0) throw unasked();
    const { chosen, undated } = await chosenBy(asked, invocation, ledger);
    await using store = await openArchiveStore(settings, io, ledger);
    const parted = await partByHolds(chosen, ledger, io);
    const free = await unlocked(parted.free, store, invocation);
    const kept = chosen.length - free.length;
    const keptBefore = tellLeft(left, invocation);
    const { since, locked } = settings.yes
      ? await deleteFree(free, reason, invocation, { ledger, store })
      : showFree(free, invocation);
    const exported = free.length > 0 ? await newestExport(ledger) : undefined;
    tellEnd(free, since, invocation);
    tellUndated(undated, io);
    tellExport(exported, invocation);
    tellResult(free, { kept: kept + keptBefore + since, undated, exported }, invocation);
    const untold = undated > 0 ? 3 : await tellUntold(ledger, asked.filter ?? {}, io);
    return kept + keptBefore + since + locked > 0 ? 3 : untold;
  } finally {
    await lock.release();
  }
}

/** What this command line wants deleted. */
interface Asked {
  readonly ids: readonly string[];
  readonly filter: EntryFilter | undefined;
  readonly byRetention: boolean;
}

function askedOf(invocation: Invocation): Asked {
  const asked = {
    ids: invocation.args,
    filter: filterOf(invocation),
    byRetention: invocation.flags.byRetention === true,
  };
  if (asked.byRetention && (asked.ids.length > 0 || asked.filter !== undefined)) {
    throw new RecordingError(
      "usage",
      "purge --by-retention goes by the rules alone: leave out ids and other selections.",
    );
  }
  return asked;
}

/** The recordings asked for, and how many no rule can end because the start of their call is unknown. */
async function chosenBy(
  { ids, filter, byRetention }: Asked,
  { settings, io }: Invocation,
  ledger: Archive,
): Promise<{ readonly chosen: readonly LedgerEntry[]; readonly undated: number }> {
  if (!byRetention) return { chosen: await choose(ids, filter, ledger), undated: 0 };
  if ((await readRules(ledger)).length === 0) {
    throw new RecordingError("usage", "There are no retention rules: set one, as in `callreel retention set 7y`.");
  }
  const { expired, undated } = await findExpired(ledger, settings, io.clock.now());
  return { chosen: expired, undated };
}

/** Tells what an earlier purge has left; counts what of it is kept by holds placed since. */
function tellLeft(left: readonly PurgedFile[], { settings, io }: Invocation): number {
  const kept = left.filter(({ holds }) => holds !== undefined);
  for (const { key, holds = [] } of kept) io.stderr.write(keptLine(key, holds));
  if (left.length > kept.length) {
    const them = `${formatNumberOf(left.length - kept.length, "recording")} of an earlier purge that was interrupted`;
    io.stderr.write(settings.yes ? `Finishing ${them}.\n` : `The files of ${them} would be deleted too.\n`);
  }
  return kept.length;
}

interface Parts {
  readonly ledger: Archive;
  readonly store: Store;
}

/** What may be deleted as far as the store goes, asked before any tombstone is set; tells of each that it keeps until when. */
async function unlocked(
  chosen: readonly LedgerEntry[],
  store: Store,
  { settings, io }: Invocation,
): Promise<readonly LedgerEntry[]> {
  const factsOf = await lookAt(store, chosen);
  return chosen.filter(({ ref, stored }) => {
    const { lockedUntilMs = 0 } = (stored && factsOf(stored.path)) ?? {};
    if (lockedUntilMs <= io.clock.now()) return true;
    const until = lockedUntilMs > lastMs ? "for good" : `until ${momentText(lockedUntilMs, settings.timezone)}`;
    io.stderr.write(`not purged: ${printable(stored?.path ?? ref.key)} is locked at its store ${until}\n`);
    return false;
  });
}

/** No later moment can be told: a legal hold has no end. */
const lastMs = 8_640_000_000_000_000;

/** What of the free ones was not deleted after all: kept by whoever came meanwhile, or files locked since. */
interface Left {
  readonly since: number;
  readonly locked: number;
}

/** The tombstone first: a crash in between leaves files for the next purge, never a recording that comes back. */
async function deleteFree(
  free: readonly LedgerEntry[],
  reason: string | undefined,
  invocation: Invocation,
  { ledger, store }: Parts,
): Promise<Left> {
  const keys = free.map(({ ref }) => ref.key);
  const purged = await ledger.purge(keys, reason);
  const { kept, locked } = await deleteAll(invocation, ledger, store);
  return { since: free.length - (purged - kept), locked };
}

function showFree(free: readonly LedgerEntry[], invocation: Invocation): Left {
  for (const { ref, stored } of free) {
    const known = { key: ref.key, ...(stored && { path: stored.path, bytes: stored.bytes }) };
    print("purge-file", { ...known, deleted: false }, stored?.path ?? ref.key, invocation);
  }
  return { since: 0, locked: 0 };
}

/** One event with --json, else a line of text. */
function print(event: string, fields: object, text: string, { settings, io }: Invocation): void {
  const time = new Date(io.clock.now()).toISOString();
  io.stdout.write(settings.json ? `${JSON.stringify({ event, time, ...fields })}\n` : `${text}\n`);
}

interface Rest {
  readonly kept: number;
  readonly undated: number;
  readonly exported: AuditRecord | undefined;
}

function tellResult(
  free: readonly LedgerEntry[],
  { kept, undated, exported }: Rest,
  { settings, io }: Pick<Invocation, "settings" | "io">,
): void {
  if (!settings.json) return;
  const bytes = free.reduce((sum, entry) => sum + (entry.stored?.bytes ?? 0), 0);
  const counts = { recordings: free.length, bytes, deleted: settings.yes === true, kept, undated };
  const result = { ...counts, ...(exported && { exported: exported.at }) };
  const time = new Date(io.clock.now()).toISOString();
  io.stdout.write(`${JSON.stringify({ event: "purge-finished", time, ...result })}\n`);
}

function tellEnd(free: readonly LedgerEntry[], since: number, { settings, io }: Invocation): void {
  const bytes = free.reduce((sum, entry) => sum + (entry.stored?.bytes ?? 0), 0);
  const what = `${formatNumberOf(free.length, "recording")} (${formatBytes(bytes)})`;
  const add = free.length === 0 ? "." : " here for good; add --yes to do it.";
  io.stderr.write(settings.yes ? `${what} deleted.\n` : `${what} would be deleted${add}\n`);
  if (since === 0) return;
  const them = formatNumberOf(since, "recording");
  io.stderr.write(`${them} not deleted: put under a legal hold or purged by another run in the meantime.\n`);
}

function tellUndated(undated: number, io: Io): void {
  if (undated === 0) return;
  const them = formatNumberOf(undated, "recording");
  io.stderr.write(
    `callreel: warning: ${them} kept: the start of the call is unknown, so no rule can tell whether it is due.\n`,
  );
}

/** What was handed over last: bags, folders, vCons, lists. */
async function newestExport(ledger: Archive): Promise<AuditRecord | undefined> {
  const [newest] = await ledger.lastAudits(1, "export");
  return newest;
}

/** Copies that were handed over are beyond a purge: whoever deletes for good must know that there are some. */
function tellExport(exported: AuditRecord | undefined, { settings, io }: Invocation): void {
  if (exported === undefined) return;
  const when = momentText(Date.parse(exported.at), settings.timezone);
  const last = printable(exported.detail ?? "").slice(0, mostDetail);
  io.stderr.write(
    `callreel: warning: copies may be left in exports, which a purge does not reach; the last one, ${when}: ${last}. All: callreel audit --action export\n`,
  );
}

const mostDetail = 300;

function unasked(): RecordingError {
  return new RecordingError(
    "usage",
    "purge needs to know which recordings: ids, --number, --month, --from and --to, or --before.",
  );
}

/** Goes on past what cannot be deleted, and then says so. Counts what came under a legal hold meanwhile, and is kept. */
async function deleteAll(
  invocation: Invocation,
  ledger: Archive,
  store: Store,
): Promise<{ readonly kept: number; readonly locked: number }> {
  const { io } = invocation;
  const { failures, kept, locked } = await deletePurged(invocation, ledger, store, (path) =>
    print("purge-file", { path, deleted: true }, path, invocation),
  );
  const [first, ...others] = new Map(failures.map((failure) => [failure.message, failure])).values();
  for (const { message } of others) io.stderr.write(`callreel: ${message}\n`);
  for (const path of locked)
    io.stderr.write(
      `not deleted: ${printable(path)} has been locked at its store meanwhile: purge again when its lock ends\n`,
    );
  if (first !== undefined) throw first;
  return { kept, locked: locked.length };
}

/**
 * What was asked for besides ids; undefined when nothing was. A window that stands in a profile or a variable may only
 * narrow what else was asked for: it is meant for downloads, and must never choose what is deleted.
 */
function filterOf({ settings, io, flags }: Invocation): EntryFilter | undefined {
  const { source, number, before } = settings;
  const isWindowAsked = flags.from !== undefined || flags.to !== undefined || flags.month !== undefined;
  if (number === undefined && before === undefined && !isWindowAsked) return undefined;
  const [now, timezone] = [io.clock.now(), zoneOf(settings)];
  const toMs = before === undefined ? undefined : parseWhen(before, now, timezone, "--before");
  const end = toMs === undefined ? {} : { toMs, toLocal: localText(toMs, timezone) };
  const window = { ...windowOf(settings, now), ...end };
  return {
    ...(source === undefined ? {} : { source }),
    ...(Object.keys(window).length === 0 ? {} : { window }),
    // Of a short number the end alone says little: too little to delete by.
    ...(number === undefined ? {} : { number, wholeNumber: significantDigits(number).length < tellingDigits }),
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
  (await namedEntries(ids, ledger)).forEach(add);
  return [...chosen.values()];
}
