import { createHash } from "node:crypto";
import type { ChainReport } from "../core/catalogue.ts";
import type { Sqlite } from "../sqlite.ts";

type Row = Readonly<Record<string, string | number | null>>;
type ChainedTable = "runs" | "audits";

const genesis = "";

/** Appends a record that carries the hash of the one before it; inside a transaction. */
export function appendChained(sqlite: Sqlite, table: ChainedTable, record: Row): void {
  const { entries, head } = headOf(sqlite, table);
  const seq = entries + 1;
  const row = { seq, ...record, prev_hash: head, hash: "" };
  const names = Object.keys(row);
  sqlite
    .prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
    .run(...Object.values(row));
  // Hashed as read back, so that SQLite's own conversions are part of it.
  const hash = hashOf(sqlite.prepare(`SELECT * FROM ${table} WHERE seq = ?`).get(seq) as Row);
  sqlite.prepare(`UPDATE ${table} SET hash = ? WHERE seq = ?`).run(hash, seq);
  sqlite
    .prepare(
      "INSERT INTO chains VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET entries = excluded.entries, head = excluded.head",
    )
    .run(table, seq, hash);
}

/** Walks the chain from its first record and stops at the first that is not as it was written; `label` names a record. */
export function verifyChain(sqlite: Sqlite, table: ChainedTable, label: string): ChainReport {
  const { entries, head } = headOf(sqlite, table);
  let seq = 0;
  let hash = genesis;
  for (const row of sqlite.prepare(`SELECT * FROM ${table} ORDER BY seq`).iterate() as Iterable<Row>) {
    const broken = (reason: string) => ({
      entries: seq,
      head: hash,
      broken: { seq: seq + 1, name: String(row[label]), reason },
    });
    if (row.seq !== seq + 1) return broken(`record ${seq + 1} is missing`);
    if (row.prev_hash !== hash) return broken("it does not follow the record before it");
    if (row.hash !== hashOf(row)) return broken("it was changed after it was written");
    seq += 1;
    hash = String(row.hash);
  }
  if (seq === entries && hash === head) return { entries, head };
  const reason =
    seq < entries ? `${entries - seq} records at the end are missing` : "records were added by another hand";
  return { entries: seq, head: hash, broken: { seq: Math.min(seq, entries) + 1, name: "", reason } };
}

function headOf(sqlite: Sqlite, table: ChainedTable): { entries: number; head: string } {
  const row = sqlite.prepare("SELECT entries, head FROM chains WHERE name = ?").get(table);
  return (row as { entries: number; head: string } | undefined) ?? { entries: 0, head: genesis };
}

/** SHA-256 over the record as JSON: names sorted, without its own hash and without what is null (columns of later versions). */
function hashOf(row: Row): string {
  const named = Object.entries(row).filter(([name, value]) => name !== "hash" && value !== null);
  const canonical = JSON.stringify(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(canonical).digest("hex");
}
