import type { RecordBreak } from "../../core/model/catalogue.ts";
import { openMerkle } from "../merkle.ts";
import {
  breakOf,
  brokenStretch,
  type Closing,
  closingsSql,
  type Disagreeing,
  leafOf,
  type Outcome,
  type OutcomeRow,
  type OutcomesSeal,
  worded,
} from "../outcome-records.ts";
import type { Store, Tables } from "./store.ts";

const pageSize = 5_000;

/**
 * Adds to the log of outcomes. Their numbers are given under a lock that is held to the end of the transaction: whoever
 * closes the log sees every lower number. So it comes last among a transaction's statements, save for chained records.
 */
export async function addOutcomes(tables: Tables, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return;
  const [log] = await tables.rows<{ entries: number }>(
    "UPDATE chains SET entries = entries + $1 WHERE name = 'outcome log' RETURNING entries",
    [outcomes.length],
  );
  const first = log!.entries - outcomes.length + 1;
  const rows = outcomes.map(({ key, state, proven, bytes, sha256 }, at) => ({
    seq: first + at,
    key,
    state,
    proven: proven === undefined ? null : Number(proven),
    bytes,
    sha256: sha256?.toLowerCase(),
  }));
  await tables.change(
    `INSERT INTO outcomes SELECT seq, $2::bigint, key, state, proven, bytes, sha256 FROM jsonb_to_recordset($1::jsonb)
       AS o (seq bigint, key text, state text, proven integer, bytes bigint, sha256 text)`,
    [JSON.stringify(rows), tables.now],
  );
}

/** Closes the log for a record that is about to be chained; undefined when it is closed already. */
export async function sealOutcomes(tables: Tables): Promise<OutcomesSeal | undefined> {
  const [log] = await tables.rows<{ entries: number }>(
    "SELECT entries FROM chains WHERE name = 'outcome log' FOR UPDATE",
  );
  const [covered] = await tables.rows<{ entries: number }>("SELECT entries FROM chains WHERE name = 'outcomes'");
  const [from, to] = [covered!.entries, log!.entries];
  if (from === to) return undefined;
  const root = await rootOver(tables, from, to);
  await tables.change("UPDATE chains SET entries = $1, head = $2 WHERE name = 'outcomes'", [to, root]);
  return { outcomes: to, outcomes_root: root };
}

async function rootOver(tables: Tables, from: number, to: number): Promise<string> {
  const tree = openMerkle();
  for (let after = from; after < to; ) {
    const rows = await tables.rows<OutcomeRow>(
      `SELECT seq, at, key, state, proven, bytes, sha256 FROM outcomes WHERE seq > $1 AND seq <= $2 ORDER BY seq
       LIMIT ${pageSize}`,
      [after, to],
    );
    for (const row of rows) tree.add(leafOf(row));
    after = rows.at(-1)?.seq ?? to;
  }
  return tree.root();
}

/** Each stretch of outcomes that is not as a record closed it, then each entry that is not as its last outcome says. */
export function brokenOutcomes(store: Store): Promise<readonly RecordBreak[]> {
  return store.read(async (tables) => {
    const broken: RecordBreak[] = [];
    let from = 0;
    for (const { name, outcomes: to, outcomes_root } of await tables.rows<Closing>(closingsSql)) {
      if ((await rootOver(tables, from, to)) !== outcomes_root) broken.push(brokenStretch(name, from, to));
      from = Math.max(from, to);
    }
    broken.push(...(await tables.rows<Disagreeing>(disagreeingSql)).map(breakOf));
    return broken;
  });
}

const proven = "CASE WHEN (evidence::jsonb ->> 'proven') = 'true' THEN 1 ELSE 0 END";

const disagreeingSql = `
  WITH last AS MATERIALIZED (
    SELECT DISTINCT ON (key) key, ${worded("state", "proven", "bytes::text", "sha256")} AS said,
      state IN ('done', 'purged') AS final FROM outcomes ORDER BY key, seq DESC),
  now AS MATERIALIZED (
    SELECT key, ${worded("state", proven, "bytes::text", "lower(sha256)")} AS "is",
      state IN ('done', 'purged', 'gone', 'no-recording', 'forbidden') AS settled FROM recordings)
  SELECT last.key AS key, said, "is" FROM last LEFT JOIN now ON now.key = last.key
  WHERE now.key IS NULL OR (said <> "is" AND (settled OR final))
  UNION ALL
  SELECT now.key, NULL, "is" FROM now WHERE settled AND NOT EXISTS (SELECT 1 FROM last WHERE last.key = now.key)`;
