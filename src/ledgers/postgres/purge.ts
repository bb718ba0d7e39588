import { holdsOver } from "../../core/holds.ts";
import type { PurgedFile } from "../../core/model/ledger.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import type { Operator } from "../../platform/operator.ts";
import { auditRow } from "../audit-records.ts";
import { type PurgingRow, purgedFile, purgeSql, purgingFilesSql } from "../catalogue-rows.ts";
import { type RecordingRow, refOf } from "../recording-row.ts";
import { appendChained } from "./chain.ts";
import { holdsInForce, settledHolds } from "./holds.ts";
import { addOutcomes } from "./outcomes.ts";
import { numbered, type Tables } from "./store.ts";

/** Leaves a tombstone for each recording that no hold keeps, and an audit line; counts them. */
export async function purge(
  tables: Tables,
  asked: readonly RecordingKey[],
  reason: string | undefined,
  operator: Operator | undefined,
): Promise<number> {
  const inForce = await settledHolds(tables);
  const rows = await tables.rows<RecordingRow>(
    "SELECT * FROM recordings WHERE key = ANY ($1::text[]) AND state <> 'purged' ORDER BY key FOR UPDATE",
    [asked],
  );
  const free = rows.filter((row) => holdsOver(inForce, refOf(row)).length === 0);
  for (const row of free) {
    await tables.change(
      "INSERT INTO purging (key, path, call, transcripts) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING",
      [row.key, row.path, JSON.stringify(refOf(row).call), row.transcripts],
    );
    await tables.change(numbered(purgeSql), [tables.now, row.key]);
    await tables.change("DELETE FROM hooks WHERE key = $1", [row.key]);
    await tables.change("DELETE FROM spoken WHERE recording = $1", [row.seq]);
  }
  const given = new Map(asked.map((key, at) => [key, at]));
  const keys = free.map(({ key }) => key).sort((a, b) => given.get(a)! - given.get(b)!);
  await addOutcomes(
    tables,
    keys.map((key) => ({ key, state: "purged" })),
  );
  for (const key of keys) {
    const line = { action: "purge", key, detail: reason ?? "callreel purge", ...(reason && { reason }) } as const;
    await appendChained(tables, "audits", auditRow(line, operator, tables.now));
  }
  return keys.length;
}

/** What was purged and may still have files. */
export async function purging(tables: Tables): Promise<PurgedFile[]> {
  const sql = purgingFilesSql.replace("instr(key, '/')", "strpos(key, '/')");
  const rows = await tables.rows<PurgingRow>(sql);
  const inForce = await holdsInForce(tables);
  return rows.map((row) => purgedFile(row, inForce));
}
