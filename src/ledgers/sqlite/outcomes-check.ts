import type { RecordBreak } from "../../core/model/catalogue.ts";
import type { Sqlite } from "../../platform/sqlite.ts";
import { openMerkle } from "../merkle.ts";
import {
  breakOf,
  brokenStretch,
  type Closing,
  closingsSql,
  type Disagreeing,
  leafOf,
  type OutcomeRow,
  worded,
} from "../outcome-records.ts";
import { outcomesSql } from "./outcomes.ts";

/** Each stretch of outcomes that is not as a record closed it, then each entry that is not as its last outcome says. */
export function* brokenOutcomes(sqlite: Sqlite): Iterable<RecordBreak> {
  yield* brokenStretches(sqlite);
  for (const row of sqlite.prepare(disagreeingSql).iterate() as Iterable<Disagreeing>) yield breakOf(row);
}

function* brokenStretches(sqlite: Sqlite): Iterable<RecordBreak> {
  let from = 0;
  for (const { name, outcomes: to, outcomes_root } of sqlite.prepare(closingsSql).iterate() as Iterable<Closing>) {
    if (rootOver(sqlite, from, to) !== outcomes_root) {
      yield brokenStretch(name, from, to);
    }
    from = Math.max(from, to);
  }
}

function rootOver(sqlite: Sqlite, from: number, to: number): string {
  const tree = openMerkle();
  const rows = sqlite.prepare(`${outcomesSql} WHERE seq > ? AND seq <= ? ORDER BY seq`).iterate(from, to);
  for (const row of rows as Iterable<OutcomeRow>) tree.add(leafOf(row));
  return tree.root();
}

/** What is settled must be as its last outcome says; what is not must not have been done or purged. */
const disagreeingSql = `
  WITH last AS MATERIALIZED (
    SELECT key, max(seq), ${worded("state", "proven", "bytes", "lower(hex(sha256))")} AS said,
      state IN ('done', 'purged') AS final FROM outcomes GROUP BY key),
  now AS (
    SELECT key, ${worded("state", provenSql(), "bytes", "lower(sha256)")} AS \`is\`,
      state IN ('done', 'purged', 'gone', 'no-recording', 'forbidden') AS settled FROM recordings)
  SELECT last.key AS key, said, \`is\` FROM last LEFT JOIN now ON now.key = last.key
  WHERE now.key IS NULL OR (said <> \`is\` AND (settled OR final))
  UNION ALL
  SELECT now.key, NULL, \`is\` FROM now WHERE settled AND NOT EXISTS (SELECT 1 FROM last WHERE last.key = now.key)`;

function provenSql(): string {
  return "CASE WHEN json_valid(evidence) THEN coalesce(json_extract(evidence, '$.proven'), 0) ELSE 0 END";
}
