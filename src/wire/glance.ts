import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../config.ts";
import type { Ledger } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { openArchive } from "../ledgers/index.ts";
import { openSqlite } from "../sqlite.ts";
import { archiveFolder, ledgerFile } from "./archive.ts";
import { refuseLostLedger } from "./lost-ledger.ts";

/** What an archive knows, read without its lock and without a trace in it. */
export interface Glance {
  /** Nothing can be noted through them; empty where there is no archive yet. */
  readonly notes: Pick<Ledger, "get" | "pending" | "entriesOf">;
  close(): Promise<void>;
}

/** Reads from a copy of the ledger as it stands now, which is removed afterwards: a ledger of any version will do. */
export async function openGlance(settings: Settings, io: Io): Promise<Glance> {
  const file = ledgerFile(settings, io);
  await refuseLostLedger(archiveFolder(settings, io), file);
  if (!existsSync(file)) return { notes: {}, close: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), "callreel-glance-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "ledger.db");
    copyLedger(file, copy);
    const ledger = await openArchive(copy, { clock: io.clock, pid: io.pid });
    return {
      notes: { get: ledger.get, pending: ledger.pending, entriesOf: ledger.entriesOf },
      async close() {
        await ledger[Symbol.asyncDispose]();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

const mostCopies = 5;

/**
 * Copies the ledger's file and its log of late writes, which together are one state as long as neither changes meanwhile;
 * one that is written all the time is read as SQLite reads it.
 */
function copyLedger(file: string, copy: string): void {
  for (let attempt = 0; attempt < mostCopies; attempt++) {
    const before = stateOf(file);
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    if (stateOf(file) === before) return;
  }
  for (const part of [copy, `${copy}-wal`]) rmSync(part, { force: true });
  const ledger = openSqlite(file, { readOnly: true });
  try {
    ledger.exec("PRAGMA busy_timeout = 15000");
    ledger.prepare("VACUUM INTO ?").run(copy);
  } finally {
    ledger.close();
  }
}

function stateOf(file: string): string {
  const parts = [file, `${file}-wal`].map((part) => statSync(part, { throwIfNoEntry: false }));
  return JSON.stringify(parts.map((part) => part && [part.size, part.mtimeMs]));
}
