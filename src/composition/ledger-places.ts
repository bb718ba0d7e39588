import { existsSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { readSecret, refusePassword, type Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import { type HeldLock, isDatabase, lockArchive, lockDatabase, lockLedger, openArchive } from "../ledgers/index.ts";
import { parseAddress } from "../platform/database-address.ts";
import { archiveFolder, ledgerFile, lockOptions } from "./archive.ts";

/** Where a ledger is, as a person names it on the command line. */
export type LedgerPlace =
  | {
      readonly kind: "database";
      readonly label: string;
      /** As it was given, without a password. */
      readonly named: string;
      readonly url: string;
      readonly password: string | undefined;
    }
  | {
      readonly kind: "file";
      readonly label: string;
      readonly file: string;
      /** The archive that it is the ledger of; absent where a ledger file was named itself. */
      readonly folder?: string;
    };

/** A URL of PostgreSQL, the folder or bucket of an archive, or a ledger file. */
export function ledgerPlace(text: string, settings: Settings, io: Io): LedgerPlace {
  if (isDatabase(text)) return databasePlace(text, settings);
  if (/^[a-z]{3,}:\/\//i.test(text) && !text.startsWith("s3://")) {
    throw new RecordingError(
      "usage",
      "ledger copy: a ledger is in an archive's folder, or at postgres://user@host/database.",
    );
  }
  const path = resolve(io.cwd, text);
  if (isLedgerFile(path) && !text.startsWith("s3://")) return { kind: "file", label: path, file: path };
  const { ledger: _ledger, ...others } = settings;
  const archive = { ...others, dest: text };
  const file = ledgerFile(archive, io);
  return { kind: "file", label: file, file, folder: archiveFolder(archive, io) };
}

/** A URL without its password stands for the one in the settings, where they mean the same database. */
function databasePlace(text: string, settings: Settings): LedgerPlace {
  refusePassword("ledger", text);
  const labelOf = (url: string) => parseAddress(url, { flag: "ledger copy" }, 5432).label;
  const label = labelOf(text);
  const { ledger, ledgerPassword, ledgerPasswordFile } = settings;
  const url = ledger !== undefined && isDatabase(ledger) && labelOf(ledger) === label ? ledger : text;
  const password = readSecret(ledgerPassword, ledgerPasswordFile, "--ledger-password-file");
  return { kind: "database", label, named: text, url, password };
}

function isLedgerFile(path: string): boolean {
  if (existsSync(path)) return statSync(path).isFile();
  return [".db", ".sqlite"].includes(extname(path)) && existsSync(dirname(path));
}

/** Holds a ledger, and the archive that is known to be its, alone: `locked` when somebody has it for longer than `--lock-wait`. */
export async function lockPlace(place: LedgerPlace, settings: Settings, io: Io): Promise<HeldLock[]> {
  const options = lockOptions(settings, io);
  if (place.kind === "database") {
    return [await lockDatabase(place.url, "alone", { ...options, password: place.password })];
  }
  const archive = place.folder === undefined ? [] : [await lockArchive(place.folder, options)];
  try {
    return [...archive, await lockLedger(place.file, options)];
  } catch (error) {
    for (const lock of archive) await lock.release();
    throw error;
  }
}

/** The ledger that is there, to read it only. */
export function openPlaceToRead(place: LedgerPlace, { clock, pid }: Io): Promise<Archive> {
  const context = { clock, pid, readOnly: true };
  return place.kind === "database"
    ? openArchive(place.url, { ...context, password: place.password })
    : openArchive(place.file, context);
}
