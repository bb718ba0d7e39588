import { createHash } from "node:crypto";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Sqlite } from "../platform/sqlite.ts";

/** What became of a recording, as the proof keeps it: never changed, never removed, without anything that a purge must erase. */
export interface Outcome {
  readonly key: RecordingKey;
  /** `done`, `purged`, `gone`, `no-recording` or `forbidden`. */
  readonly state: string;
  /** Of what is gone, absent or forbidden: whether that was proven. */
  readonly proven?: boolean;
  /** Of what is done. */
  readonly bytes?: number;
  readonly sha256?: string;
}

/** One row of `outcomes`. */
export interface OutcomeRow {
  readonly seq: number;
  readonly at: number;
  readonly key: string;
  readonly state: string;
  readonly proven: number | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** What a chained record says of the outcomes up to it. */
export interface OutcomesSeal {
  /** The last outcome it covers; it begins after the last one that a record before it covers. */
  readonly outcomes: number;
  /** The Merkle root over them. */
  readonly outcomes_root: string;
}

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

/** The bytes that a leaf hashes: a JSON array without spaces, in UTF-8, of seq, at (ms), key, state, proven (0, 1, null), bytes, SHA-256 (hex). */
export function leafOf({ seq, at, key, state, proven, bytes, sha256 }: OutcomeRow): string {
  return JSON.stringify([seq, at, key, state, proven, bytes, sha256 === "" ? null : sha256]);
}

/**
 * A Merkle tree over a list that is only added to, as RFC 6962 section 2.1 defines it: a leaf is SHA-256(0x00, data), a
 * node SHA-256(0x01, left, right). It keeps one hash for each power of two, so a million leaves cost twenty hashes of memory.
 */
export interface Merkle {
  readonly leaves: number;
  add(data: string): void;
  /** Lower-case hex; of an empty list the hash of nothing. */
  root(): string;
  /** One that goes on from here on its own. */
  copy(): Merkle;
}

interface Peak {
  readonly height: number;
  readonly hash: Buffer;
}

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

export function openMerkle(from: { readonly leaves: number; readonly peaks: readonly Peak[] } = empty): Merkle {
  const peaks = [...from.peaks];
  let leaves = from.leaves;
  return {
    get leaves() {
      return leaves;
    },
    add(data) {
      leaves += 1;
      let peak: Peak = {
        height: 0,
        hash: createHash("sha256").update(leafMark).update(data, "utf8").digest(),
      };
      while (peaks.at(-1)?.height === peak.height) {
        peak = {
          height: peak.height + 1,
          hash: nodeOf((peaks.pop() as Peak).hash, peak.hash),
        };
      }
      peaks.push(peak);
    },
    root() {
      const last = peaks.at(-1);
      if (last === undefined) return createHash("sha256").digest("hex");
      return peaks
        .slice(0, -1)
        .reduceRight((right, { hash }) => nodeOf(hash, right), last.hash)
        .toString("hex");
    },
    copy: () => openMerkle({ leaves, peaks }),
  };
}

const empty = { leaves: 0, peaks: [] };

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(nodeMark).update(left).update(right).digest();
}
