import { folded, foldedWords } from "../core/folding.ts";
import type { EntryState, LedgerEntry } from "../core/model/ledger.ts";
import type { Direction, SourceName } from "../core/model/recording.ts";
import type { Database } from "./database.ts";
import { openDatabaseInUse } from "./database.ts";
import { entryOf, type RecordingRow, rowAsJson } from "./recording-row.ts";
import { openSearchIndex, type SearchIndex, searchedColumns } from "./search-index.ts";

/** A place in the order of call starts, newest first: what comes after it is older. */
export interface Position {
  readonly start: string;
  readonly seq: number;
  /** Found by the search index, whose order is to be kept on the next page. */
  readonly indexed?: boolean;
}

/** Which recordings a person looks through. */
export interface BrowseQuery {
  readonly states: readonly EntryState[];
  readonly source?: SourceName;
  readonly direction?: Direction;
  /** Call starts as the text they are; the end is exclusive. */
  readonly from?: string;
  readonly to?: string;
  /** Appears in a number, the extension, the name or the id; neither case nor accents count. */
  readonly text?: string;
  /** Where the last page ended. */
  readonly after?: Position;
  /** Most entries of a page. */
  readonly limit: number;
}

/** A page of what was looked for. It may be empty though there is more: a page looks at so many recordings at most. */
export interface Browsed {
  readonly entries: readonly { readonly entry: LedgerEntry; readonly position: Position }[];
  /** Where to go on; absent at the end. */
  readonly next?: Position;
}

/** A ledger as a person looks through it: each call takes milliseconds, however many recordings there are. */
export interface Browse {
  page(query: BrowseQuery): Browsed;
  /** Brings the search index a step further, in milliseconds as well; false when it holds all that is known by now. */
  index(): boolean;
  close(): void;
}

/** Recordings looked at for one page. */
const mostLooked = 2_000;

/** Opens the ledger file for reading alone. Throws `usage` when it is not there, `ledger` when it cannot be trusted. */
export function openBrowse(file: string): Browse {
  const database = openDatabaseInUse(file, true);
  try {
    return database.read(() => browseOf(database));
  } catch (error) {
    database.close();
    throw error;
  }
}

function browseOf(database: Database): Browse {
  const search = openSearchIndex(database);
  const { sqlite } = database;

  /** The recordings after a place that fit in all but the text, as many as are looked at once. */
  function look<T>(columns: string, query: BrowseQuery, most: number): Looked<T>[] {
    const { where, values } = placeOf(query);
    const fits = conditionsOf(query);
    const statement = sqlite.prepare(`
      SELECT '[' || coalesce(group_concat('[' || json_quote(start) || ',' || seq || ',' ||
        CASE WHEN ${fits.sql} THEN ${columns} ELSE 'null' END || ']'), '') || ']' AS found
      FROM (SELECT * FROM recordings WHERE ${where} ORDER BY start DESC, seq DESC LIMIT ${most})`);
    return JSON.parse((statement.get(...fits.values, ...values) as { found: string }).found) as Looked<T>[];
  }

  function rowsOf(seqs: readonly number[], query: BrowseQuery): ReadonlyMap<number, RecordingRow> {
    const fits = conditionsOf(query);
    const statement = sqlite.prepare(`
      SELECT '[' || coalesce(group_concat(${rowAsJson}), '') || ']' AS found
      FROM (SELECT value AS asked FROM json_each(?)) CROSS JOIN recordings ON seq = asked WHERE ${fits.sql}`);
    const { found } = statement.get(JSON.stringify(seqs), ...fits.values) as { found: string };
    return new Map((JSON.parse(found) as RecordingRow[]).map((row) => [row.seq, row]));
  }

  function scan(query: BrowseQuery): Browsed {
    const looked = look<RecordingRow>(rowAsJson, query, query.limit);
    const rows = looked.filter(([, , row]) => row !== null);
    // Few fit: look further at once instead of page by page.
    if (rows.length < query.limit / 2 && looked.length === query.limit && query.limit < mostLooked) {
      return cut(scan({ ...query, limit: Math.min(mostLooked, query.limit * 8) }), query.limit);
    }
    const entries = rows.map(([, , row]) => found(row as RecordingRow));
    return { entries, ...nextOf(looked, query.limit) };
  }

  /** Until the index is there: reads the texts of some recordings and compares them itself. */
  function scanTexts(query: BrowseQuery, text: string): Browsed {
    const looked = look<string>(`json_quote(${searchedColumns})`, query, mostLooked);
    const hits = looked.filter(([, , words]) => words !== null && foldedWords(words).includes(text));
    const rows = rowsOf(
      hits.map(([, seq]) => seq),
      query,
    );
    const entries = hits.flatMap(([, seq]) => rows.get(seq) ?? []).map((row) => found(row));
    return cut({ entries, ...nextOf(looked, mostLooked) }, query.limit);
  }

  function searchText(query: BrowseQuery, text: string): Browsed {
    const seqs = search.newest(text, query, mostLooked);
    const rows = rowsOf(seqs, query);
    const entries = seqs.flatMap((seq) => rows.get(seq) ?? []).map((row) => ({ ...found(row, true) }));
    const last = seqs.at(-1);
    if (seqs.length < mostLooked || last === undefined) return cut({ entries }, query.limit);
    const start = startOf(last);
    return cut({ entries, next: { start, seq: last, indexed: true } }, query.limit);
  }

  function startOf(seq: number): string {
    return (sqlite.prepare("SELECT start FROM recordings WHERE seq = ?").get(seq) as { start: string }).start;
  }

  return {
    page: (query) =>
      database.read(() => {
        const text = folded(query.text ?? "");
        if (text === "") return scan(query);
        search.advance();
        return usable(search, text, query) ? searchText(query, text) : scanTexts(query, text);
      }),
    index: () => search.advance(),
    close() {
      search.close();
      database.close();
    },
  };
}

type Looked<T> = readonly [start: string, seq: number, found: T | null];

/** A page that was begun without the index ends without it, for the orders differ where starts are written differently. */
function usable(search: SearchIndex, text: string, { after }: BrowseQuery): boolean {
  return search.finds(text) && (after === undefined || after.indexed === true);
}

function found(row: RecordingRow, indexed?: true): Browsed["entries"][number] {
  const position = { start: row.start, seq: row.seq, ...(indexed && { indexed }) };
  return { entry: entryOf(row, () => false), position };
}

function nextOf(looked: readonly Looked<unknown>[], most: number): { next?: Position } {
  const last = looked.at(-1);
  return last === undefined || looked.length < most ? {} : { next: { start: last[0], seq: last[1] } };
}

function cut(page: Browsed, limit: number): Browsed {
  if (page.entries.length <= limit) return page;
  const entries = page.entries.slice(0, limit);
  return { entries, next: (entries.at(-1) as Browsed["entries"][number]).position };
}

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Where the look begins and ends: by the index over starts. */
function placeOf({ after, from, to }: BrowseQuery) {
  const conditions: [string, ...(string | number)[]][] = [];
  if (after !== undefined) conditions.push(["(start, seq) < (?, ?)", after.start, after.seq]);
  if (from !== undefined) conditions.push(["start >= ?", from]);
  if (to !== undefined) conditions.push(["start < ?", to]);
  const { sql, values } = joined(conditions);
  return { where: sql, values };
}

function conditionsOf({ states, source, direction, from, to }: BrowseQuery): Condition {
  const conditions: [string, ...(string | number)[]][] = [
    [`state IN (${states.map(() => "?").join(", ")})`, ...states],
  ];
  if (source !== undefined) conditions.push(["source = ?", source]);
  if (direction !== undefined) conditions.push(["direction = ?", direction]);
  if (from !== undefined) conditions.push(["start >= ?", from]);
  if (to !== undefined) conditions.push(["start < ?", to]);
  return joined(conditions);
}

function joined(conditions: readonly (readonly [string, ...(string | number)[]])[]): Condition {
  if (conditions.length === 0) return { sql: "1", values: [] };
  return { sql: conditions.map(([sql]) => sql).join(" AND "), values: conditions.flatMap(([, ...values]) => values) };
}
