import type { ChainReport, FoundHead } from "../../core/model/catalogue.ts";
import type { Sqlite } from "../../platform/sqlite.ts";
import {
  type ChainedTable,
  type ChainRow,
  type FoundRow,
  foundSql,
  genesis,
  openChainWalk,
  otherChain,
  recordHash,
} from "../chain-walk.ts";
import type { OutcomesSeal } from "../outcome-records.ts";

/**
 * Appends a record that carries the hash of the one before it, the newest record of the other chain, and the root of the
 * outcomes since the record before (`seal`): so the newest record's hash, the head, stands for all there is. Inside a transaction.
 */
export function appendChained(sqlite: Sqlite, table: ChainedTable, record: ChainRow, seal?: OutcomesSeal): void {
  const { entries, head } = chainOf(sqlite, table);
  const linked = chainOf(sqlite, otherChain[table]);
  const seq = entries + 1;
  const links = linked.entries > 0 ? { linked: linked.entries, linked_hash: linked.head } : {};
  const row = { seq, ...record, ...links, ...seal, prev_hash: head, hash: "" };
  const names = Object.keys(row);
  sqlite
    .prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
    .run(...Object.values(row));
  // Hashed as read back, so that SQLite's own conversions are part of it.
  const hash = recordHash(sqlite.prepare(`SELECT * FROM ${table} WHERE seq = ?`).get(seq) as ChainRow);
  sqlite.prepare(`UPDATE ${table} SET hash = ? WHERE seq = ?`).run(hash, seq);
  const note = sqlite.prepare(
    "INSERT INTO chains VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET entries = excluded.entries, head = excluded.head",
  );
  note.run(table, seq, hash);
  note.run("head", seq + linked.entries, hash);
}

/** Walks the chain from its first record and stops at the first that is not as it was written; `label` names a record. */
export function verifyChain(sqlite: Sqlite, table: ChainedTable, label: string): ChainReport {
  const linkedHash = sqlite.prepare(`SELECT hash FROM ${otherChain[table]} WHERE seq = ?`);
  const walk = openChainWalk(otherChain[table], label, chainOf(sqlite, table));
  for (const row of sqlite.prepare(`SELECT * FROM ${table} ORDER BY seq`).iterate() as Iterable<ChainRow>) {
    const { linked = null } = row;
    const found = linked === null ? undefined : (linkedHash.get(linked) as ChainRow | undefined);
    const broken = walk.step(row, found?.hash);
    if (broken !== undefined) return broken;
  }
  return walk.end();
}

/** The hash that stands for all of the archive's records: of the newest one; empty before there is any. */
export function headOf(sqlite: Sqlite): string {
  const { head } = chainOf(sqlite, "head");
  // Ledgers of before had no common head: their newest run record is what somebody may have noted.
  return head === genesis ? chainOf(sqlite, "runs").head || chainOf(sqlite, "audits").head : head;
}

/** Where a head noted earlier stands; undefined when the archive does not go back to it. */
export function findHead(sqlite: Sqlite, hash: string): FoundHead | undefined {
  const found = sqlite.prepare(foundSql).get(hash, hash) as FoundRow | undefined;
  if (found === undefined) return undefined;
  const { at, covered } = found;
  const { later } = sqlite.prepare("SELECT count(*) AS later FROM outcomes WHERE seq > ?").get(covered) as {
    later: number;
  };
  return { at, later };
}

function chainOf(sqlite: Sqlite, name: string): { entries: number; head: string } {
  const row = sqlite.prepare("SELECT entries, head FROM chains WHERE name = ?").get(name);
  return (
    (row as { entries: number; head: string } | undefined) ?? {
      entries: 0,
      head: genesis,
    }
  );
}
