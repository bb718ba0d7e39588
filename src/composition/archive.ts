import { createHash } from "node:crypto";
import { existsSync, readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readSecret, type Settings, stateFolder } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import { openStore } from "../destinations/index.ts";
import {
  type HeldLock,
  isDatabase,
  lockArchive,
  lockDatabase,
  lockLedger,
  lockWatch,
  openArchive,
} from "../ledgers/index.ts";
import { diskError, errno } from "../platform/disk-error.ts";
import { operatorHere } from "../platform/operator.ts";
import { version } from "../platform/version.ts";

/**
 * The archive's folder, absolute. Of an archive in a bucket it is the one on this machine that stands for it: its ledger,
 * head, seals and locks are there, and none of its recordings.
 */
export function archiveFolder(settings: Settings, io: Io): string {
  const { dest = "./recordings", s3Endpoint = "" } = settings;
  if (!isBucket(settings)) return resolve(io.cwd, dest);
  const name = dest.slice("s3://".length).replaceAll("/", "-").slice(0, 80);
  const server = createHash("sha256").update(`${s3Endpoint.toLowerCase()} ${dest}`).digest("hex").slice(0, 12);
  return join(stateFolder(io.env), "s3", `${name}-${server}`);
}

/** Whether the archive is in a bucket. */
export function isBucket({ dest }: Pick<Settings, "dest">): boolean {
  return dest?.startsWith("s3://") ?? false;
}

/** The archive as people name it: its folder, absolute, or its bucket. */
export function archiveName(settings: Settings, io: Io): string {
  return isBucket(settings) ? (settings.dest as string) : archiveFolder(settings, io);
}

/** The folder on this machine in which a bucket's recordings gather before they go there; a folder's own part files are in itself. */
export function spoolFolder(settings: Settings, io: Io): string {
  return isBucket(settings) && settings.spool !== undefined
    ? resolve(io.cwd, settings.spool)
    : archiveFolder(settings, io);
}

/** The database that the archive's ledger is in; undefined when it is a file. */
export function ledgerDatabase({ ledger }: Settings): string | undefined {
  return ledger !== undefined && isDatabase(ledger) ? ledger : undefined;
}

/** The archive's ledger file. */
export function ledgerFile(settings: Settings, io: Io): string {
  return settings.ledger === undefined
    ? join(archiveFolder(settings, io), ".callreel", "ledger.db")
    : resolve(io.cwd, settings.ledger);
}

/** The archive's finished files; a bucket's only where it is known to be the ledger's. */
export async function openArchiveStore(settings: Settings, io: Io, ledger?: Pick<Archive, "get">): Promise<Store> {
  if (isBucket(settings)) return (await import("./bucket.ts")).openBucketStore(settings, io, ledger);
  return openStore(archiveFolder(settings, io));
}

/** Opens the archive's ledger, making the archive when it is new. Throws `ledger` when it was lost (`refuseLostLedger`). */
export async function wireLedger(settings: Settings, io: Io, adopting = false): Promise<Archive> {
  const database = ledgerDatabase(settings);
  if (database === undefined) await refuseLostLedger(archiveFolder(settings, io), ledgerFile(settings, io), adopting);
  const lease = settings.lease === undefined ? {} : { leaseMs: settings.lease };
  const context = { clock: io.clock, pid: io.pid, version: version(), operator: operatorHere() };
  return openArchive(database ?? ledgerFile(settings, io), { ...context, ...lease, ...ledgerPassword(settings) });
}

/** The password of the ledger's database, where it is given beside its address. */
export function ledgerPassword({ ledger, ledgerPassword: given, ledgerPasswordFile }: Settings): {
  readonly password?: string | undefined;
} {
  if (ledger === undefined || !isDatabase(ledger)) return {};
  return { password: readSecret(given, ledgerPasswordFile, "--ledger-password-file") };
}

/**
 * Takes the archive for this run: `locked` when another run has it for longer than `--lock-wait`. Downloads whose ledger
 * is a database share it.
 */
export async function takeArchive(settings: Settings, io: Io, mode: "shared" | "alone" = "alone"): Promise<HeldLock> {
  const database = ledgerDatabase(settings);
  if (database !== undefined) {
    return lockDatabase(database, mode, { ...lockOptions(settings, io), ...ledgerPassword(settings) });
  }
  return lockArchive(archiveFolder(settings, io), lockOptions(settings, io));
}

/** Makes this the only watch on the archive from this machine: `locked` when another one still is after `--lock-wait`. */
export async function takeWatch(settings: Settings, io: Io): Promise<HeldLock> {
  return lockWatch(archiveFolder(settings, io), lockOptions(settings, io));
}

/** Holds the ledger alone, to replace it: `locked` when a process still has it open after `--lock-wait`. */
export async function reserveLedger(settings: Settings, io: Io): Promise<HeldLock> {
  return lockLedger(ledgerFile(settings, io), lockOptions(settings, io));
}

/** How long locks are waited for, and what their holder's begin is told in. */
export function lockOptions(settings: Settings, io: Io) {
  const { lockWait = 0, timezone } = settings;
  return { waitMs: lockWait, clock: io.clock, pid: io.pid, signal: io.stop, timezone };
}

/** The ledger of an archive that must be there already. */
export async function openExistingLedger(settings: Settings, io: Io): Promise<Archive> {
  if (ledgerDatabase(settings) !== undefined) return openKnownDatabase(settings, io);
  await requireLedger(settings, io);
  return wireLedger(settings, io);
}

/** Throws where no ledger stands that could be opened. To be asked ahead of a lock, which would make the archive's folder. */
export async function requireLedger(settings: Settings, io: Io): Promise<void> {
  const folder = archiveFolder(settings, io);
  const file = ledgerFile(settings, io);
  if (ledgerDatabase(settings) !== undefined || existsSync(file)) return;
  await refuseLostLedger(folder, file);
  if (isBucket(settings)) throw noLedgerOf(settings.dest as string, folder);
  throw noArchiveAt(folder);
}

/** Throws `usage` where a folder has neither a ledger nor a trace of one nor any file: nothing that one could be made of. */
export async function requireFiles(root: string, file: string): Promise<void> {
  if (existsSync(file) || (existsSync(root) && traceOf(root, file, "missing") !== undefined)) return;
  if (existsSync(root)) for await (const _ of (await openStore(root)).list()) return;
  throw noArchiveAt(root);
}

function noArchiveAt(folder: string): RecordingError {
  return new RecordingError("usage", `There is no archive at ${folder}: give the archive's folder with --dest.`);
}

function noLedgerOf(bucket: string, folder: string): RecordingError {
  return new RecordingError(
    "usage",
    `There is no ledger of ${bucket} in ${folder}: use --s3-endpoint as the download did, or name the ledger with --ledger.`,
  );
}

/**
 * The ledger of an archive that must be there already, to read it only: nothing of it is changed, and whoever may not
 * write there reads all the same. One of an older callreel is brought up to date first.
 */
export async function openLedgerToRead(settings: Settings, io: Io): Promise<Archive> {
  if (ledgerDatabase(settings) !== undefined) return openKnownDatabase(settings, io);
  const file = ledgerFile(settings, io);
  if (!existsSync(file)) return openExistingLedger(settings, io);
  try {
    return await openArchive(file, { clock: io.clock, pid: io.pid, readOnly: true });
  } catch (error) {
    if (error instanceof RecordingError && error.code === "ledger") return openExistingLedger(settings, io);
    throw error;
  }
}

/** A ledger in a database that is there and up to date; none is made. */
function openKnownDatabase(settings: Settings, io: Io): Promise<Archive> {
  const context = { clock: io.clock, pid: io.pid, version: version(), operator: operatorHere(), readOnly: true };
  return openArchive(ledgerDatabase(settings) ?? "", { ...context, ...ledgerPassword(settings) });
}

/**
 * Throws `ledger` when an archive has lost its ledger: it is missing or has no byte, though something tells that there was
 * one. A new ledger would not know what was purged. A folder of files from elsewhere is no such archive; `adopting`
 * says that a list of hashes among them may be from there too.
 */
export async function refuseLostLedger(root: string, file: string, adopting = false): Promise<void> {
  refuseNoFolder(root);
  const state = lossOf(file);
  if (state === undefined) return;
  const trace = traceOf(root, file, state) ?? (adopting ? undefined : await traceInFiles(root, state));
  // Another process may have made it just now.
  if (trace === undefined || lossOf(file) === undefined) return;
  const remedy = "restore a copy, or run `callreel verify --rebuild` to rebuild it from the files";
  throw new RecordingError("ledger", `The ledger ${file} is ${state}, but ${trace}: ${remedy}.`);
}

/** Throws `usage` where a file stands in the archive's place, or on the way to it. */
function refuseNoFolder(root: string): void {
  for (let path = root; ; path = dirname(path)) {
    const found = statOf(path, root);
    if (found?.isDirectory() || (found === undefined && path === dirname(path))) return;
    if (found !== undefined) break;
  }
  throw new RecordingError("usage", `${root} is not a folder: give the archive's folder with --dest.`);
}

/** Undefined where nothing stands, also where nothing can: below a file Node 20 throws, and later ones do not. */
function statOf(path: string, root: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errno(error) === "ENOTDIR") return undefined;
    throw diskError(error, root);
  }
}

type Loss = "missing" | "empty";

/** A ledger gets its name only once it is whole, and SQLite throws away the log beside a file without a byte. */
function lossOf(file: string): Loss | undefined {
  const size = statOf(file, file)?.size;
  if (size === undefined) return "missing";
  return size === 0 ? "empty" : undefined;
}

/** What only a ledger or its runs leave; an empty one may be another process's that is just being made. */
function traceOf(root: string, file: string, loss: Loss): string | undefined {
  const left = /^(-runs|\.aside-|\.new|\.rebuilt)/;
  const leftOfMissing = /^-(wal|shm)$/;
  const name = basename(file);
  const suffixes = namesIn(dirname(file))
    .filter((each) => each.startsWith(name))
    .map((each) => each.slice(name.length));
  const suffix = suffixes.find((each) => left.test(each) || (loss === "missing" && leftOfMissing.test(each)));
  const noted = namesIn(join(root, ".callreel")).find((each) => each === "head" || each === "seals");
  const trace = noted ?? (suffix === undefined ? undefined : name + suffix);
  return trace === undefined ? undefined : `there was one (${trace} is still there)`;
}

/** Files alone may come from elsewhere; with our list of hashes, or beside an empty ledger, they are an archive's. */
async function traceInFiles(root: string, loss: Loss): Promise<string | undefined> {
  if (loss === "missing" && !namesIn(root).includes("SHA256SUMS")) return undefined;
  for await (const _ of (await openStore(root)).list()) return "the archive holds recordings";
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
