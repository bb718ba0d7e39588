import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { Archive } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { lockArchive, lockLedger, openArchive } from "../ledgers/index.ts";
import { version } from "../version.ts";
import { refuseLostLedger } from "./lost-ledger.ts";

/** The archive's folder, absolute. */
export function archiveFolder(settings: Settings, io: Io): string {
  return resolve(io.cwd, settings.dest ?? "./recordings");
}

/** The archive's ledger file. */
export function ledgerFile(settings: Settings, io: Io): string {
  return settings.ledger === undefined
    ? join(archiveFolder(settings, io), ".callreel", "ledger.db")
    : resolve(io.cwd, settings.ledger);
}

/** Opens the archive's ledger, making the archive when it is new. Throws `ledger` when it was lost (`refuseLostLedger`). */
export async function wireLedger(settings: Settings, io: Io, adopting = false): Promise<Archive> {
  await refuseLostLedger(archiveFolder(settings, io), ledgerFile(settings, io), adopting);
  const lease = settings.lease === undefined ? {} : { leaseMs: settings.lease };
  return openArchive(ledgerFile(settings, io), { clock: io.clock, pid: io.pid, version: version(), ...lease });
}

/** Takes the archive for this run: `locked` when another run has it for longer than `--lock-wait`. */
export async function takeArchive(settings: Settings, io: Io): Promise<{ release(): void }> {
  return lockArchive(archiveFolder(settings, io), lockOptions(settings, io));
}

/** Holds the ledger alone, to replace it: `locked` when a process still has it open after `--lock-wait`. */
export async function reserveLedger(settings: Settings, io: Io): Promise<{ release(): void }> {
  return lockLedger(ledgerFile(settings, io), lockOptions(settings, io));
}

function lockOptions(settings: Settings, io: Io) {
  return { waitMs: settings.lockWait ?? 0, clock: io.clock, pid: io.pid, signal: io.stop };
}

/** The ledger of an archive that must be there already. */
export async function openExistingLedger(settings: Settings, io: Io): Promise<Archive> {
  const folder = archiveFolder(settings, io);
  const file = ledgerFile(settings, io);
  if (existsSync(file)) return wireLedger(settings, io);
  await refuseLostLedger(folder, file);
  throw new RecordingError("usage", `There is no archive at ${folder}: give its folder with --dest.`);
}
