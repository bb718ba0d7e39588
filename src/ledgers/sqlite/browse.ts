import { folded, foldedWords } from "../../core/folding.ts";
import {
  type Browsed,
  type BrowseQuery,
  type Counted,
  conditionsOf,
  type Position,
  placeOf,
  secondsColumn,
  startOrder,
  widest,
} from "../browse-query.ts";
import { entryOf, type RecordingRow } from "../recording-row.ts";
import { countPiece } from "./browse-count.ts";
import { type Database, openDatabaseInUse } from "./database.ts";
import { rowAsJson } from "./json-rows.ts";
import { openSearchIndex, type SearchIndex, searchedColumns } from "./search-index.ts";
import { openSpokenWords } from "./spoken.ts";

/** A ledger as a person looks through it: each call takes milliseconds, however many recordings there are. */
export interface Browse {
  page(query: BrowseQuery): Browsed;
  /** Counts a piece of what fits after `query.after`. */
  count(query: BrowseQuery): Counted;
  /** Brings the search index a step further, in milliseconds as well; false when it holds all that is known by now. */
  index(): boolean;
  close(): void;
}

/** Recordings looked at for one page. */
const mostLooked = 2_000;
/** Recordings that are put in order of their lengths at once. */
const mostSorted = 20_000;

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
  const spoken = openSpokenWords(database);

  /** Whether a recording has this (folded) text among its words, or what was said. */
  const has = (words: string, seq: number, text: string) =>
    foldedWords(words).includes(text) || foldedWords(spoken(seq) ?? "").includes(text);

  /** The recordings after a place that fit in all but the text, as many as are looked at once. */
  function look<T>(columns: string, query: BrowseQuery, most: number): Looked<T>[] {
    const place = placeOf(query);
    const fits = conditionsOf(query);
    const statement = sqlite.prepare(`
      SELECT '[' || coalesce(group_concat('[' || json_quote(start) || ',' || seq || ',' ||
        CASE WHEN ${fits.sql} THEN ${columns} ELSE 'null' END || ']'), '') || ']' AS found
      FROM (SELECT * FROM recordings WHERE ${place.sql} ORDER BY ${startOrder(query)} LIMIT ${most})`);
    return JSON.parse((statement.get(...fits.values, ...place.values) as { found: string }).found) as Looked<T>[];
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
    const hits = looked.filter(([, seq, words]) => words !== null && has(words, seq, text));
    const rows = rowsOf(
      hits.map(([, seq]) => seq),
      query,
    );
    const entries = hits.flatMap(([, seq]) => rows.get(seq) ?? []).map((row) => found(row));
    return cut({ entries, ...nextOf(looked, mostLooked) }, query.limit);
  }

  function searchText(query: BrowseQuery, text: string): Browsed {
    const seqs = search.find(text, searchBounds(query), mostLooked);
    const rows = rowsOf(seqs, query);
    const entries = seqs.flatMap((seq) => rows.get(seq) ?? []).map((row) => ({ ...found(row, true) }));
    const last = seqs.at(-1);
    if (seqs.length < mostLooked || last === undefined) return cut({ entries }, query.limit);
    return cut({ entries, next: { at: startOf(last), seq: last, indexed: true } }, query.limit);
  }

  function startOf(seq: number): string {
    return (sqlite.prepare("SELECT start FROM recordings WHERE seq = ?").get(seq) as { start: string }).start;
  }

  /** The recordings that may fit, when they are few enough to be put in order at once. */
  function fewOf(query: BrowseQuery, text: string): readonly number[] | undefined {
    const seqs = search.finds(text)
      ? search.find(text, { ...widest(query) }, mostSorted + 1)
      : query.from !== undefined || query.to !== undefined
        ? seqsBetween(query)
        : undefined;
    return seqs !== undefined && seqs.length <= mostSorted ? seqs : undefined;
  }

  function seqsBetween({ after: _, ...query }: BrowseQuery): number[] {
    const place = placeOf(query);
    const sql = `SELECT seq FROM recordings WHERE ${place.sql} LIMIT ${mostSorted + 1}`;
    return (sqlite.prepare(sql).all(...place.values) as { seq: number }[]).map(({ seq }) => seq);
  }

  /** Some recordings, or all, put in order of their lengths. */
  function sorted(query: BrowseQuery, seqs: readonly number[] | undefined, most: number): Lasting[] {
    const [comparison, order] = query.sort === "longest" ? (["<", "DESC"] as const) : ([">", "ASC"] as const);
    const fits = conditionsOf(query);
    const after = query.after === undefined ? [] : [query.after.at, query.after.seq];
    const asked = "(SELECT value AS asked FROM json_each(?)) CROSS JOIN recordings ON seq = asked";
    const place = after.length === 0 ? "1" : `(${secondsColumn}, seq) ${comparison} (?, ?)`;
    // Put in order by length alone: whole rows would be carried through the sort.
    const statement = sqlite.prepare(`
      SELECT seconds, seq, ${rowAsJson} AS row FROM (
        SELECT ${secondsColumn} AS seconds, seq AS place FROM ${seqs === undefined ? "recordings" : asked}
        WHERE ${fits.sql} AND ${place} ORDER BY 1 ${order}, 2 ${order} LIMIT ${most})
      CROSS JOIN recordings ON seq = place ORDER BY 1 ${order}, 2 ${order}`);
    const list = seqs === undefined ? [] : [JSON.stringify(seqs)];
    const rows = statement.all(...list, ...fits.values, ...after) as { seconds: number; seq: number; row: string }[];
    return rows.map(({ seconds, seq, row }) => [seconds, seq, JSON.parse(row) as RecordingRow]);
  }

  /** All recordings by the index's order of lengths. */
  function walked(query: BrowseQuery, most: number): Lasting[] {
    const { after } = query;
    const places = search.byLength(
      query.sort === "longest" ? "longest" : "shortest",
      after && { seconds: Number(after.at), seq: after.seq },
      most,
    );
    const rows = rowsOf(
      places.map(({ seq }) => seq),
      query,
    );
    return places.map(({ seconds, seq }) => [seconds, seq, rows.get(seq) ?? null]);
  }

  function byLength(query: BrowseQuery, text: string, most = query.limit): Browsed {
    const few = fewOf(query, text);
    const looked = few === undefined && search.isComplete() ? walked(query, most) : sorted(query, few, most);
    const entries = looked.flatMap(([seconds, seq, row]) => {
      if (row === null || !has(wordsOf(row), seq, text)) return [];
      return [{ entry: entryOf(row, () => false), position: { at: seconds, seq } }];
    });
    // Few fit: look further at once instead of page by page.
    if (entries.length < query.limit / 2 && looked.length === most && most < mostLooked) {
      return byLength(query, text, Math.min(mostLooked, most * 8));
    }
    return cut({ entries, ...nextOf(looked, most) }, query.limit);
  }

  return {
    page: (query) =>
      database.read(() => {
        const text = folded(query.text ?? "");
        if (query.sort === "longest" || query.sort === "shortest") return byLength(query, text);
        if (text === "") return scan(query);
        search.advance();
        return usable(search, text, query) ? searchText(query, text) : scanTexts(query, text);
      }),
    count: (query) => database.read(() => countPiece(sqlite, search, query, folded(query.text ?? ""))),
    index: () => search.advance(),
    close() {
      search.close();
      database.close();
    },
  };
}

type Looked<T> = readonly [at: string | number, seq: number, found: T | null];
type Lasting = Looked<RecordingRow>;

/** A page that was begun without the index ends without it, for the orders differ where starts are written differently. */
function usable(search: SearchIndex, text: string, { after }: BrowseQuery): boolean {
  return search.finds(text) && (after === undefined || after.indexed === true);
}

function searchBounds(query: BrowseQuery) {
  const { after, sort } = query;
  const place = after && { after: { start: String(after.at), seq: after.seq } };
  return { ...widest(query), ...place, oldest: sort === "oldest" };
}

/** What a row is searched by besides what was said. */
function wordsOf({ from_number, to_number, extension, user_name, name, id }: RecordingRow): string {
  return [from_number, to_number, extension, user_name, name, id].map((word) => word ?? "").join("\n");
}

function found(row: RecordingRow, indexed?: true): Browsed["entries"][number] {
  const position = { at: row.start, seq: row.seq, ...(indexed && { indexed }) };
  return { entry: entryOf(row, () => false), position };
}

function nextOf(looked: readonly Looked<unknown>[], most: number): { next?: Position } {
  const last = looked.at(-1);
  return last === undefined || looked.length < most ? {} : { next: { at: last[0], seq: last[1] } };
}

function cut(page: Browsed, limit: number): Browsed {
  if (page.entries.length <= limit) return page;
  const entries = page.entries.slice(0, limit);
  return { entries, next: (entries.at(-1) as Browsed["entries"][number]).position };
}
