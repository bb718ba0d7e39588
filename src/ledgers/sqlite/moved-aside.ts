import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { RecordingKey } from "../../core/model/recording.ts";
import { emptyLog, openSqlite, type Sqlite } from "../../platform/sqlite.ts";
import { fileError } from "./database.ts";
import { forgetSpoken } from "./spoken.ts";

/** What a tombstone does not keep, as far as the version of the file knows it. */
const personal = [
  "path",
  "from_number",
  "to_number",
  "extension",
  "name",
  "user_name",
  "session",
  "account",
  "call_id",
];
const alsoCleared = ["error_message", "note", "etag", "evidence", "damage", "transcripts"];

/**
 * Takes recordings that were purged out of the ledgers that `verify --rebuild` moved aside of the one at `path`. One that
 * is too damaged for it is deleted, for nobody can tell what it still names; returns those.
 */
export function purgeAside(path: string, keys: readonly RecordingKey[]): string[] {
  const folder = dirname(path);
  const mark = `${basename(path)}.aside-`;
  const asides = readdirSync(folder).filter((name) => name.startsWith(mark) && !/-(wal|shm|journal)$/.test(name));
  return asides.map((name) => join(folder, name)).filter((aside) => !isCleaned(aside, keys));
}

function isCleaned(aside: string, keys: readonly RecordingKey[]): boolean {
  try {
    clean(aside, keys);
    return true;
  } catch (error) {
    const told = fileError(error, aside);
    if (told.code !== "ledger" && told.code !== "bug") throw told;
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(aside + suffix, { force: true });
    return false;
  }
}

function clean(aside: string, keys: readonly RecordingKey[]): void {
  const sqlite = openSqlite(aside);
  try {
    mustBeSound(sqlite);
    const known = new Set(
      (
        sqlite.prepare("PRAGMA table_info(recordings)").all() as {
          name: string;
        }[]
      ).map(({ name }) => name),
    );
    if (known.size === 0) return;
    const columns = [...personal, ...alsoCleared].filter((name) => known.has(name)).map((name) => `${name} = NULL`);
    const bury = sqlite.prepare(
      `UPDATE recordings SET state = 'purged', ${columns.join(", ")}, locator = '{}' WHERE key = ?`,
    );
    const knowsWords = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = 'spoken'").get() !== undefined;
    const forget = knowsWords ? sqlite.prepare(forgetSpoken) : undefined;
    sqlite.exec("BEGIN IMMEDIATE");
    for (const key of keys) {
      bury.run(key);
      forget?.run(key);
    }
    sqlite.exec("DROP TABLE IF EXISTS purging; COMMIT; VACUUM");
    emptyLog(sqlite, aside);
  } finally {
    sqlite.close();
  }
  if (existsSync(`${aside}-wal`)) rmSync(`${aside}-wal`, { force: true });
}

function mustBeSound(sqlite: Sqlite): void {
  const { quick_check: found } = sqlite.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (found !== "ok") throw new Error("database disk image is malformed");
}
