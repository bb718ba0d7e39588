import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordingRef } from "../core/recording.ts";
import type { Work } from "../core/work.ts";
import { type FileWords, isSqliteError, openSqlite, sqliteError } from "../sqlite.ts";

const pageSize = 4096;

/**
 * The same work, all of it sorted by call start; recordings without one come last. Everything is read first, through a
 * file that is removed afterwards, so that a million rows need no memory.
 */
export async function* inOrder(work: AsyncIterable<Work>, descending: boolean): AsyncIterable<Work> {
  const folder = mkdtempSync(join(tmpdir(), "callreel-order-"));
  const spool = openSqlite(join(folder, "spool.db"));
  try {
    spool.exec(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE refs (start TEXT, ref TEXT NOT NULL)",
    );
    const insert = spool.prepare("INSERT INTO refs VALUES (?, ?)");
    for await (const { refs, events } of work) {
      spool.exec("BEGIN");
      for (const ref of refs) insert.run(ref.call.start ?? null, JSON.stringify(ref));
      spool.exec("COMMIT");
      if (events.length > 0) yield { refs: [], events };
    }
    yield* pages(
      spool.prepare(`SELECT ref FROM refs ORDER BY start IS NULL, start ${descending ? "DESC" : "ASC"}`).iterate(),
    );
  } catch (error) {
    throw isSqliteError(error) ? sqliteError(error, wordsOf(folder)) : error;
  } finally {
    spool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function wordsOf(folder: string): FileWords {
  const remedy = "check the disk of the folder for temporary files, or set TMPDIR to another";
  return { name: `The file to sort in (${folder})`, damaged: { code: "disk-io", remedy }, busy: "disk-io" };
}

function* pages(rows: Iterable<unknown>): Iterable<Work> {
  let refs: RecordingRef[] = [];
  for (const row of rows) {
    refs.push(JSON.parse((row as { ref: string }).ref) as RecordingRef);
    if (refs.length < pageSize) continue;
    yield { refs, events: [] };
    refs = [];
  }
  if (refs.length > 0) yield { refs, events: [] };
}
