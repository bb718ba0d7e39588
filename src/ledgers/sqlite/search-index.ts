import { foldedWords } from "../../core/folding.ts";
import { openSqlite } from "../../platform/sqlite.ts";
import { secondsColumn } from "../browse-query.ts";
import type { Database } from "./database.ts";
import { spokenColumn, spokenSince } from "./spoken.ts";

/** Where a search begins and between which call starts it looks. */
export interface SearchBounds {
  readonly from?: string;
  readonly to?: string;
  readonly after?: { readonly start: string; readonly seq: number };
  /** Oldest call first. */
  readonly oldest?: boolean;
}

/** A recording in the order of lengths. */
export interface LengthPlace {
  readonly seconds: number;
  readonly seq: number;
}

/**
 * Finds recordings by a piece of text among millions. It stands in a temporary file of this process, which SQLite removes:
 * nothing of it can grow old, and no purge has to know of it.
 */
export interface SearchIndex {
  /** Whether it can be asked for this (folded) text: all recordings are in it, and the text is long enough. */
  finds(text: string): boolean;
  /** Whether all recordings are in it. */
  isComplete(): boolean;
  /** The `seq` of recordings whose text holds this one, newest call first unless told. */
  find(text: string, bounds: SearchBounds, most: number): number[];
  /** All recordings by length, longest or shortest first, after a place. */
  byLength(first: "longest" | "shortest", after: LengthPlace | undefined, most: number): LengthPlace[];
  /** Takes some more recordings in, or looks for changed ones; false when there is nothing to do. */
  advance(): boolean;
  close(): void;
}

/** The index knows pieces of three letters. */
const shortest = 3;
const rowsAtOnce = 500;
const lettersAtOnce = 100_000;
const sweptAtOnce = 20_000;
/** Recordings that change (a purge, a call's data that came late) are looked for so often. */
const sweepEveryMs = 30_000;
/** Recordings that can begin in one second; what is more moves into the next. */
const slotsPerSecond = 2 ** 20;

interface SearchedRow {
  readonly seq: number;
  readonly start: string;
  readonly seconds: number;
  readonly words: string;
}

export function openSearchIndex({ sqlite }: Pick<Database, "sqlite">, now: () => number = Date.now): SearchIndex {
  const index = openSqlite("");
  index.exec(`
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;
    CREATE TABLE slots (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, seconds REAL NOT NULL);
    CREATE INDEX slots_by_length ON slots (seconds, seq);
    CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram')`);
  const columns = `seq, start, ${secondsColumn} AS seconds, ${searchedColumns} || char(10) || ${spokenColumn} AS words`;
  const later = sqlite.prepare(`SELECT ${columns} FROM recordings WHERE seq > ? ORDER BY seq LIMIT ${rowsAtOnce}`);
  const changed = sqlite.prepare(
    `SELECT ${columns} FROM recordings WHERE seq > ? AND seq <= ? AND (changed >= ? OR ${spokenSince})
     ORDER BY seq LIMIT ${rowsAtOnce}`,
  );
  const last = index.prepare("SELECT max(slot) AS slot FROM slots WHERE slot >= ? AND slot < ?");
  const slotOf = index.prepare("SELECT slot FROM slots WHERE seq = ?");
  const addSlot = index.prepare("INSERT INTO slots VALUES (?, ?, ?)");
  const dropSlot = index.prepare("DELETE FROM slots WHERE slot = ?");
  const addWords = index.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
  const dropWords = index.prepare("DELETE FROM words WHERE rowid = ?");
  const matching = (order: "ASC" | "DESC") =>
    index.prepare(`
      SELECT slots.seq FROM words CROSS JOIN slots ON slots.slot = words.rowid
      WHERE words MATCH ? AND words.rowid >= ? AND words.rowid < ? ORDER BY words.rowid ${order} LIMIT ?`);
  const lasting = (comparison: "<" | ">", order: "ASC" | "DESC") =>
    index.prepare(`SELECT seconds, seq FROM slots WHERE (seconds, seq) ${comparison} (?, ?)
      ORDER BY seconds ${order}, seq ${order} LIMIT ?`);
  const matches = { newest: matching("DESC"), oldest: matching("ASC") };
  const lengths = { longest: lasting("<", "DESC"), shortest: lasting(">", "ASC") };

  let lastSeq = 0;
  let complete = false;
  let broken = false;
  let sweptFrom = 0;
  let sweepBegun = now();
  // Clocks of several processes write `changed`: some overlap covers their differences.
  let sweepSince = sweepBegun - 2 * sweepEveryMs;

  const slot = (seq: number) => (slotOf.get(seq) as { slot: number } | undefined)?.slot;
  const add = ({ seq, start, seconds, words }: SearchedRow) => {
    const base = firstSlot(start);
    const used = (last.get(base, base + slotsPerSecond) as { slot: number | null }).slot;
    const free = used === null ? base : used + 1;
    addSlot.run(free, seq, seconds);
    addWords.run(free, foldedWords(words));
  };
  const drop = (seq: number) => {
    const known = slot(seq);
    if (known === undefined) return;
    dropSlot.run(known);
    dropWords.run(known);
  };
  const inOne = (work: () => void) => {
    index.exec("BEGIN");
    try {
      work();
    } finally {
      index.exec("COMMIT");
    }
  };

  function addLater(): boolean {
    const { rows } = some(later.iterate(lastSeq));
    if (rows.length === 0) return false;
    inOne(() => rows.forEach(add));
    lastSeq = rows.at(-1)?.seq ?? lastSeq;
    return true;
  }

  /** In steps over all rows: what has changed since the sweep before is taken in anew. */
  function sweep(): boolean {
    if (sweptFrom === 0 && now() - sweepBegun < sweepEveryMs) return false;
    if (sweptFrom === 0) sweepBegun = now();
    const { rows, more } = some(changed.iterate(sweptFrom, sweptFrom + sweptAtOnce, sweepSince, sweepSince));
    inOne(() => {
      for (const row of rows) {
        drop(row.seq);
        add(row);
      }
    });
    sweptFrom = more ? (rows.at(-1) as SearchedRow).seq : sweptFrom + sweptAtOnce;
    if (sweptFrom < lastSeq) return true;
    sweptFrom = 0;
    sweepSince = sweepBegun - 2 * sweepEveryMs;
    return false;
  }

  return {
    finds: (text) => complete && !broken && [...text].length >= shortest && !text.includes("\n"),
    isComplete: () => complete && !broken,
    find(text, { from, to, after, oldest = false }, most) {
      const reached = after === undefined ? undefined : (slot(after.seq) ?? firstSlot(after.start));
      const first = Math.max(
        from === undefined ? Number.MIN_SAFE_INTEGER : firstSlot(from),
        reached === undefined || !oldest ? Number.MIN_SAFE_INTEGER : reached + 1,
      );
      const end = Math.min(
        to === undefined ? Number.MAX_SAFE_INTEGER : endSlot(to),
        reached === undefined || oldest ? Number.MAX_SAFE_INTEGER : reached,
      );
      const match = oldest ? matches.oldest : matches.newest;
      const rows = match.all(`"${text.replaceAll('"', '""')}"`, first, end, most);
      return (rows as { seq: number }[]).map(({ seq }) => seq);
    },
    byLength(first, after, most) {
      const { seconds, seq } = after ?? (first === "longest" ? { seconds: 1e300, seq: 0 } : { seconds: -1, seq: 0 });
      return lengths[first].all(seconds, seq, most) as unknown as LengthPlace[];
    },
    advance() {
      if (broken) return false;
      try {
        const more = addLater();
        complete ||= !more;
        return more || sweep();
      } catch {
        // No room for the index: searches read the ledger instead, which takes longer.
        broken = true;
        return false;
      }
    },
    close: () => index.close(),
  };
}

/** So many rows, or fewer where they have much to say: either is taken in within milliseconds. */
function some(rows: Iterable<unknown>): { readonly rows: readonly SearchedRow[]; readonly more: boolean } {
  const taken: SearchedRow[] = [];
  let letters = 0;
  for (const row of rows as Iterable<SearchedRow>) {
    taken.push(row);
    letters += row.words.length;
    if (taken.length === rowsAtOnce || letters > lettersAtOnce) return { rows: taken, more: true };
  }
  return { rows: taken, more: false };
}

/** The first slot of a start's second, by the digits that it is written with; unknown starts come before all others. */
function firstSlot(start: string): number {
  const [year, month = "01", day = "01", hour = "00", minute = "00", second = "00"] =
    start.slice(0, 19).match(/\d+/g) ?? [];
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return (Number.isFinite(ms) && ms >= 0 ? ms / 1000 : -1) * slotsPerSecond;
}

/** A slot beyond every start below `to`, which may be the prefix of a month or a day with a mark behind it. */
function endSlot(to: string): number {
  const slot = firstSlot(to);
  if (/^\d{4}-\d\d-\d\d(?:T[\d:]{8})?$/.test(to)) return slot + slotsPerSecond;
  return slot < 0 ? Number.MAX_SAFE_INTEGER : slot + 32 * 86_400 * slotsPerSecond;
}

/** SQL for what of a recording's call can be searched. */
export const searchedColumns = ["from_number", "to_number", "extension", "user_name", "name", "id"]
  .map((column) => `coalesce(${column}, '')`)
  .join(" || char(10) || ");
