import type { RecordBreak } from "../../core/model/catalogue.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import type { Sqlite } from "../../platform/sqlite.ts";
import { type Merkle, openMerkle } from "../merkle.ts";
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

/** The log of outcomes, which every chained record closes up to where it stands. */
export interface Outcomes {
  /** Inside a transaction. */
  add(outcome: Outcome, now: number): void;
  /** Whether a file may stand for a recording whose entry is lost: it must be the one that came last. */
  allows(key: RecordingKey, sha256: string): boolean;
  /** Hashes ahead what is committed, so that closing is quick; outside a transaction. */
  fold(): void;
  /** Closes the log for a record that is about to be chained; undefined when it is closed already. Inside a transaction. */
  seal(): OutcomesSeal | undefined;
}

export function openOutcomes(sqlite: Sqlite): Outcomes {
  const insert = sqlite.prepare(
    "INSERT INTO outcomes (at, key, state, proven, bytes, sha256) VALUES (?, ?, ?, ?, ?, unhex(?))",
  );
  const covered = sqlite.prepare("SELECT entries FROM chains WHERE name = 'outcomes'");
  const after = sqlite.prepare(`${outcomesSql} WHERE seq > ? ORDER BY seq`);
  const cover = sqlite.prepare(
    "INSERT INTO chains VALUES ('outcomes', ?, ?) ON CONFLICT DO UPDATE SET entries = excluded.entries, head = excluded.head",
  );
  let folded: Folded = { from: 0, to: 0, tree: openMerkle() };

  /** Goes on from what was hashed, unless another record has closed the log meanwhile; what it returns shares nothing. */
  const foldOn = (): Folded => {
    const from = (covered.get() as { entries: number } | undefined)?.entries ?? 0;
    const start = folded.from === from ? folded : { from, to: from, tree: openMerkle() };
    const tree = start.tree.copy();
    let { to } = start;
    for (const row of after.iterate(to) as Iterable<OutcomeRow>) {
      tree.add(leafOf(row));
      to = row.seq;
    }
    return { from, to, tree };
  };
  let lost: ReadonlyMap<string, string | null> | undefined;
  return {
    allows: (key, sha256) => {
      lost ??= lostOf(sqlite);
      return (lost.get(key) ?? sha256) === sha256;
    },
    add: ({ key, state, proven, bytes = null, sha256 = null }, now) => {
      insert.run(now, key, state, proven === undefined ? null : Number(proven), bytes, sha256);
    },
    fold: () => {
      folded = foldOn();
    },
    // Not kept: the transaction may yet be rolled back.
    seal: () => {
      const { from, to, tree } = foldOn();
      if (to === from) return undefined;
      const root = tree.root();
      cover.run(to, root);
      return { outcomes: to, outcomes_root: root };
    },
  };
}

interface Folded {
  readonly from: number;
  readonly to: number;
  readonly tree: Merkle;
}

/** The hash of each recording that was done last and has no entry any more; there are none but in a ledger made anew. */
function lostOf(sqlite: Sqlite): Map<string, string | null> {
  const rows = sqlite
    .prepare(
      `SELECT key, max(seq), CASE state WHEN 'done' THEN lower(hex(sha256)) END AS sha256 FROM outcomes AS o
       WHERE NOT EXISTS (SELECT 1 FROM recordings AS r WHERE r.key = o.key) GROUP BY key`,
    )
    .all() as { key: string; sha256: string | null }[];
  return new Map(rows.map(({ key, sha256 }) => [key, sha256]));
}

/** Reads outcomes as rows. */
export const outcomesSql = "SELECT seq, at, key, state, proven, bytes, lower(hex(sha256)) AS sha256 FROM outcomes";

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
