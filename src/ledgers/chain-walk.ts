import { createHash } from "node:crypto";
import type { ChainReport } from "../core/model/catalogue.ts";
import { formatNumberOf } from "../core/text.ts";

/** A chained record as it stands in its table. */
export type ChainRow = Readonly<Record<string, string | number | null>>;
export type ChainedTable = "runs" | "audits";

/** What the first record follows. */
export const genesis = "";

export const otherChain: Readonly<Record<ChainedTable, ChainedTable>> = { runs: "audits", audits: "runs" };

/** A walk over a chain's records in their order. */
export interface ChainWalk {
  /** The report when this record is not as it was written; `linkedHash` is the hash of the record that it names. */
  step(row: ChainRow, linkedHash: unknown): ChainReport | undefined;
  /** The report after the last record. */
  end(): ChainReport;
}

/** Checks a chain record by record against what is noted of it; `linked` is the other table's name, `label` names a record. */
export function openChainWalk(
  linkedTable: ChainedTable,
  label: string,
  { entries, head }: { readonly entries: number; readonly head: string },
): ChainWalk {
  let seq = 0;
  let hash = genesis;
  return {
    step(row, linkedHash) {
      const broken = (reason: string) => ({
        entries: seq,
        head: hash,
        broken: { seq: seq + 1, name: String(row[label]), reason },
      });
      if (row.seq !== seq + 1) return broken(`record ${seq + 1} is missing`);
      if (row.prev_hash !== hash) return broken("it does not follow the record before it");
      if (row.hash !== recordHash(row)) return broken("it was changed after it was written");
      const { linked = null } = row;
      if (linked !== null && linkedHash !== row.linked_hash) {
        return broken(`record ${linked} of the ${linkedTable}, which it names, is missing or another one`);
      }
      seq += 1;
      hash = String(row.hash);
      return undefined;
    },
    end() {
      if (seq === entries && hash === head) return { entries, head };
      const reason =
        seq < entries
          ? `${formatNumberOf(entries - seq, "record at the end is", "records at the end are")} missing`
          : "records were added by another program";
      return { entries: seq, head: hash, broken: { seq: Math.min(seq, entries) + 1, name: "", reason } };
    },
  };
}

/** SHA-256 over the record as JSON: names sorted, without its own hash and without what is null (columns of later versions). */
export function recordHash(row: ChainRow): string {
  const named = Object.entries(row).filter(([name, value]) => name !== "hash" && value !== null);
  const canonical = JSON.stringify(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(canonical).digest("hex");
}

/** Where a head stands. */
export interface FoundRow {
  readonly at: string;
  /** The last outcome that the record, or one that it follows, has closed. */
  readonly covered: number;
}

/** Finds the record of a hash, with the last outcome closed by then; `max` of two is SQLite's. */
export const foundSql = `
  WITH found AS (
    SELECT finished AS at, seq AS run, coalesce(linked, 0) AS audit FROM runs WHERE hash = ?
    UNION ALL SELECT at, coalesce(linked, 0), seq FROM audits WHERE hash = ?)
  SELECT at, max(coalesce((SELECT max(outcomes) FROM runs WHERE seq <= run), 0),
    coalesce((SELECT max(outcomes) FROM audits WHERE seq <= audit), 0)) AS covered FROM found`;
