import type { RecordBreak } from "../core/model/catalogue.ts";
import type { Sqlite } from "../platform/sqlite.ts";
import { leafOf, type OutcomeRow, openMerkle, outcomesSql } from "./outcomes.ts";

/** Each stretch of outcomes that is not as a record closed it, then each entry that is not as its last outcome says. */
export function* brokenOutcomes(sqlite: Sqlite): Iterable<RecordBreak> {
  yield* brokenStretches(sqlite);
  for (const row of sqlite.prepare(disagreeingSql).iterate() as Iterable<Disagreeing>) yield breakOf(row);
}

/** A record that closed a stretch of outcomes. */
export interface Closing {
  readonly name: string;
  readonly outcomes: number;
  readonly outcomes_root: string;
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

/** A stretch of outcomes that is not as its record closed it. */
export function brokenStretch(name: string, from: number, to: number): RecordBreak {
  const which = to === from + 1 ? `outcome ${to} is` : `outcomes ${from + 1} to ${to} are`;
  return { name, reason: `${which} not as this record closed them` };
}

function rootOver(sqlite: Sqlite, from: number, to: number): string {
  const tree = openMerkle();
  const rows = sqlite.prepare(`${outcomesSql} WHERE seq > ? AND seq <= ? ORDER BY seq`).iterate(from, to);
  for (const row of rows as Iterable<OutcomeRow>) tree.add(leafOf(row));
  return tree.root();
}

/** Reads the records that close outcomes. */
export const closingsSql = `
  SELECT run_id AS name, outcomes, outcomes_root FROM runs WHERE outcomes IS NOT NULL
  UNION ALL SELECT action || ' ' || at, outcomes, outcomes_root FROM audits WHERE outcomes IS NOT NULL
  ORDER BY outcomes`;

/** A recording whose entry is not as its last outcome. */
export interface Disagreeing {
  readonly key: string;
  readonly said: string | null;
  readonly is: string | null;
}

/** That in words. */
export function breakOf({ key, said, is }: Disagreeing): RecordBreak {
  if (said === null)
    return {
      name: key,
      reason: `the ledger calls it ${is}, but no run ever recorded that`,
    };
  if (is === null)
    return {
      name: key,
      reason: `its entry was removed; the last outcome recorded is ${said}`,
    };
  return {
    name: key,
    reason: `the ledger calls it ${is}, but the last outcome recorded is ${said}`,
  };
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

/** A state with all that is proven of it, in words. */
export function worded(state: string, proven: string, bytes: string, sha256: string): string {
  return `CASE ${state} WHEN 'done' THEN 'done (' || coalesce(${bytes}, 'no') || ' bytes, ' || coalesce(${sha256}, '') || ')'
    WHEN 'purged' THEN 'purged' WHEN 'pending' THEN 'pending' WHEN 'failed' THEN 'failed'
    ELSE ${state} || CASE ${proven} WHEN 1 THEN ' (proven)' ELSE ' (not proven)' END END`;
}
