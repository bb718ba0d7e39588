import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { finishedFiles } from "../archive-files.ts";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { Archive } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { lockArchive, lockLedger, openArchive } from "../ledgers/index.ts";
import { version } from "../version.ts";

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

/** Opens the archive's ledger, making the archive when it is new. */
export async function wireLedger(settings: Settings, io: Io): Promise<Archive> {
  await refuseEmptied(settings, io);
  return openArchive(ledgerFile(settings, io), { clock: io.clock, pid: io.pid, version: version() });
}

/** A ledger without a byte beside finished files has lost all it knew, tombstones too. */
async function refuseEmptied(settings: Settings, io: Io): Promise<void> {
  const file = ledgerFile(settings, io);
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size;
  if (sizeOf(file) !== 0 || (sizeOf(`${file}-wal`) ?? 0) > 0) return;
  for await (const _ of finishedFiles(archiveFolder(settings, io))) {
    const remedy = "put a copy of it back, or run `callreel verify --rebuild` to make it anew from the files";
    throw new RecordingError("ledger", `The ledger ${file} is empty, though the archive holds recordings: ${remedy}.`);
  }
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
  const file = ledgerFile(settings, io);
  if (!existsSync(file)) {
    throw new RecordingError(
      "usage",
      `There is no archive at ${archiveFolder(settings, io)}: give its folder with --dest.`,
    );
  }
  return wireLedger(settings, io);
}
