import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Clock } from "../../src/core/model/ports.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import type { Operator } from "../../src/platform/operator.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { heldClock } from "../helpers/held-clock.ts";

/** A folder for each test, and the ledgers opened in it, closed and removed afterwards. */
export function ledgerFolder() {
  let folder: string;
  let opened: Archive[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "callreel-ledger-"));
    opened = [];
  });
  afterEach(async () => {
    for (const archive of opened) await archive[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const path = (name = "ledger.db") => join(folder, name);
  return {
    path,
    open: async (
      options: { clock?: Clock; readOnly?: boolean; version?: string; operator?: Operator } = {},
    ): Promise<Archive> => {
      const archive = await openArchive(path(), { clock: heldClock(), pid: 1, ...options });
      opened.push(archive);
      return archive;
    },
    /** Changes the file as another program would. */
    tamper: (sql: string) => {
      const database = openSqlite(path());
      database.exec(`PRAGMA busy_timeout = 5000; ${sql}`);
      database.close();
    },
  };
}
