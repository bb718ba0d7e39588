import { createHash } from "node:crypto";
import { RecordingError } from "../../core/model/errors.ts";

/** A row of a ledger's table; hashes in lower-case hex. */
export type Row = Readonly<Record<string, string | number | null>>;

/** All that a ledger is, each table with the column that its rows are read in the order of; sums are counted anew. */
export const copiedTables = {
  recordings: "seq",
  runs: "seq",
  audits: "seq",
  outcomes: "seq",
  holds: "seq",
  spoken: "recording",
  hooks: "key",
  purging: "key",
  kept: "name",
  leases: "run_id",
  chains: "name",
} as const;

export type CopiedTable = keyof typeof copiedTables;

export const tableNames = Object.keys(copiedTables) as readonly CopiedTable[];

/** The chains that every ledger keeps; others are notes of one kind of ledger. */
export const chainNames = ["runs", "audits", "head", "outcomes"] as const;

export const rowsAtOnce = 2_000;

/** The tables of a ledger that nobody else changes meanwhile. */
export interface SourceTables {
  readonly label: string;
  columns(table: CopiedTable): Promise<readonly string[]>;
  /** All rows, page by page, in the order of the table's column. */
  pages(table: CopiedTable, columns: readonly string[]): AsyncIterable<readonly Row[]>;
}

export interface TargetTables extends SourceTables {
  add(table: CopiedTable, columns: readonly string[], rows: readonly Row[]): Promise<void>;
}

/** How many rows of each table were copied. */
export type Copied = Readonly<Record<CopiedTable, number>>;

/**
 * Copies every row as it stands and reads all of them back: count and hash of each table must be the same. Throws `ledger`
 * where they are not, or where the target cannot keep what the source has. `tick` hears how many rows were copied so far.
 */
export async function copyTables(from: SourceTables, to: TargetTables, tick: (rows: number) => void): Promise<Copied> {
  const copied: Partial<Record<CopiedTable, number>> = {};
  let before = 0;
  for (const table of tableNames) {
    const known = new Set(await to.columns(table));
    const columns = await from.columns(table);
    const kept = columns.filter((name) => known.has(name)).sort();
    const lost = columns.filter((name) => !known.has(name));
    const source = openDigest(kept);
    for await (const rows of from.pages(table, columns)) {
      mustBeEmpty(lost, rows, table, to.label);
      source.add(rows);
      await to.add(table, kept, rows);
      tick(before + source.rows());
    }
    const target = openDigest(kept);
    for await (const rows of to.pages(table, kept)) target.add(rows);
    if (source.rows() !== target.rows() || source.sum() !== target.sum()) throw differing(table, from, to);
    copied[table] = source.rows();
    before += source.rows();
  }
  return copied as Copied;
}

/** A column that the target does not know may hold nothing. */
function mustBeEmpty(columns: readonly string[], rows: readonly Row[], table: string, label: string): void {
  const lost = columns.find((name) => rows.some((row) => row[name] != null));
  if (lost === undefined) return;
  throw new RecordingError("ledger", `${label} cannot keep "${lost}" of ${table}: nothing was copied.`);
}

function openDigest(columns: readonly string[]) {
  const hash = createHash("sha256");
  let count = 0;
  return {
    add(rows: readonly Row[]) {
      count += rows.length;
      hash.update(rows.map((row) => `${JSON.stringify(columns.map((name) => row[name] ?? null))}\n`).join(""));
    },
    rows: () => count,
    sum: () => hash.copy().digest("hex"),
  };
}

function differing(table: string, from: SourceTables, to: TargetTables): RecordingError {
  const message = `What ${to.label} holds of ${table} is not what ${from.label} holds: nothing was copied.`;
  return new RecordingError("ledger", message);
}
