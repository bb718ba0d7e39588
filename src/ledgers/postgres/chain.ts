import type { ChainReport, FoundHead } from "../../core/model/catalogue.ts";
import { type ChainedTable, type ChainRow, foundSql, openChainWalk, otherChain, recordHash } from "../chain-walk.ts";
import { sealOutcomes } from "./outcomes.ts";
import { numbered, type Store, type Tables } from "./store.ts";

const pageSize = 1_000;

/**
 * Appends a record that carries the hash of the one before it, the newest record of the other chain, and the root of the
 * outcomes since the record before. One transaction at a time comes through: the log of outcomes and the heads are locked.
 */
export async function appendChained(tables: Tables, table: ChainedTable, record: ChainRow): Promise<void> {
  const seal = await sealOutcomes(tables);
  await tables.rows("SELECT 1 FROM chains WHERE name = 'head' FOR UPDATE");
  const { entries, head } = await chainOf(tables, table);
  const linked = await chainOf(tables, otherChain[table]);
  const seq = entries + 1;
  const links = linked.entries > 0 ? { linked: linked.entries, linked_hash: linked.head } : {};
  const row = { seq, ...record, ...links, ...seal, prev_hash: head, hash: "" };
  const names = Object.keys(row);
  const [written] = await tables.rows<ChainRow>(
    `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map((_, at) => `$${at + 1}`).join(", ")}) RETURNING *`,
    Object.values(row),
  );
  // Hashed as read back, so that the database's own conversions are part of it.
  const hash = recordHash(written!);
  await tables.change(`UPDATE ${table} SET hash = $1 WHERE seq = $2`, [hash, seq]);
  await note(tables, table, seq, hash);
  await note(tables, "head", seq + linked.entries, hash);
}

async function note(tables: Tables, name: string, entries: number, head: string): Promise<void> {
  await tables.change("UPDATE chains SET entries = $2, head = $3 WHERE name = $1", [name, entries, head]);
}

async function chainOf(tables: Tables, name: string): Promise<{ entries: number; head: string }> {
  const [row] = await tables.rows<{ entries: number; head: string }>(
    "SELECT entries, head FROM chains WHERE name = $1",
    [name],
  );
  return row ?? { entries: 0, head: "" };
}

/** Walks the chain from its first record and stops at the first that is not as it was written. */
export function verifyChain(store: Store, table: ChainedTable, label: string): Promise<ChainReport> {
  const other = otherChain[table];
  return store.read(async (tables) => {
    const walk = openChainWalk(other, label, await chainOf(tables, table));
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await tables.rows<ChainRow>(`SELECT * FROM ${table} WHERE seq > $1 ORDER BY seq LIMIT ${pageSize}`, [
        after,
      ]);
      if (rows.length === 0) return walk.end();
      const linked = rows.map((row) => row.linked).filter((seq) => seq != null);
      const found = await tables.rows<{ seq: number; hash: string }>(
        `SELECT seq, hash FROM ${other} WHERE seq = ANY ($1::bigint[])`,
        [linked],
      );
      const hashes = new Map(found.map(({ seq, hash }) => [seq, hash]));
      for (const row of rows) {
        const broken = walk.step(row, hashes.get(Number(row.linked)));
        if (broken !== undefined) return broken;
      }
      after = Number(rows.at(-1)!.seq);
    }
  });
}

/** The hash that stands for all of the archive's records: of the newest one; empty before there is any. */
export async function headOf(tables: Tables): Promise<string> {
  return (await chainOf(tables, "head")).head;
}

/** Where a head noted earlier stands; undefined when the archive does not go back to it. */
export async function findHead(tables: Tables, hash: string): Promise<FoundHead | undefined> {
  const sql = numbered(foundSql).replace("max(coalesce", "greatest(coalesce");
  const [found] = await tables.rows<{ at: string; covered: number }>(sql, [hash, hash]);
  if (found === undefined) return undefined;
  const [row] = await tables.rows<{ later: number }>("SELECT count(*) AS later FROM outcomes WHERE seq > $1", [
    found.covered,
  ]);
  return { at: found.at, later: row!.later };
}
