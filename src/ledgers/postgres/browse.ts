import { folded } from "../../core/folding.ts";
import { openPostgresDatabase } from "../../platform/postgres.ts";
import {
  type Browsed,
  type BrowseQuery,
  type Counted,
  conditionsOf,
  placeOf,
  secondsColumn,
  startOrder,
} from "../browse-query.ts";
import type { Condition } from "../entry-conditions.ts";
import { entryOf, type RecordingRow } from "../recording-row.ts";
import { searchIndexSql } from "./search-tables.ts";
import { numbered, openStore, type Tables } from "./store.ts";

/** A ledger in PostgreSQL as a person looks through it; each call takes a second at most, however many recordings there are. */
export interface PostgresBrowse extends AsyncDisposable {
  page(query: BrowseQuery): Promise<Browsed>;
  /** Counts a piece of what fits after `query.after`. */
  count(query: BrowseQuery): Promise<Counted>;
}

/** The index knows pieces of three letters. */
const shortest = 3;
/** Recordings looked at one after the other before the index is asked, and those for one page in all. */
const firstLook = 2_000;
const mostLooked = 20_000;
/** What the index finds is put in order when it is no more than that. */
const mostFound = 20_000;
/** Nobody counts further; what does not fit is left out of what was found. */
const mostCounted = 100_000;
const mostFoundToCount = 120_000;
const countedAtOnce = 100_000;

/** The ledger at `url` through connections of its own: no search keeps a listener waiting, and no count a page. */
export async function openPostgresBrowse(url: string, password: string | undefined): Promise<PostgresBrowse> {
  const settings = { flag: "--ledger", password };
  const [pages, counts] = [await openPostgresDatabase(url, settings), await openPostgresDatabase(url, settings)];
  const [forPages, forCounts] = [openStore(pages), openStore(counts)];
  return {
    page: (query) => forPages.read((tables) => prepared(tables, () => pageOf(tables, query, folded(query.text ?? "")))),
    count: (query) =>
      forCounts.read((tables) => prepared(tables, () => countOf(tables, query, folded(query.text ?? "")))),
    async [Symbol.asyncDispose]() {
      await pages[Symbol.asyncDispose]();
      await counts[Symbol.asyncDispose]();
    },
  };
}

/** Every question has an index that answers it; an estimate of many hits must not lead to a scan of the whole table. */
async function prepared<T>(tables: Tables, ask: () => Promise<T>): Promise<T> {
  await tables.change("SET LOCAL enable_seqscan = off");
  return ask();
}

/** What ends with its limit: where much fits, that is reached long before the index has put together all of it. */
async function limited<Row>(tables: Tables, sql: string, values: Condition["values"]): Promise<Row | undefined> {
  await tables.change("SET LOCAL enable_seqscan = on");
  const [row] = await tables.rows<Row>(numbered(sql), values);
  await tables.change("SET LOCAL enable_seqscan = off");
  return row;
}

async function pageOf(tables: Tables, query: BrowseQuery, text: string): Promise<Browsed> {
  const isIndexed = await finds(tables, text);
  if (isByLength(query)) return (await fewOf(tables, query, text, isIndexed)) ?? walk(tables, query, text, mostLooked);
  if (text === "") return walk(tables, query, text, mostLooked);
  // What is common is found at once among the next; what is rare, by the index.
  const first = await walk(tables, query, text, firstLook);
  if (!isIndexed || first.next === undefined || first.entries.length === query.limit) return first;
  return (await found(tables, query, text)) ?? walk(tables, query, text, mostLooked);
}

function isByLength({ sort }: BrowseQuery): boolean {
  return sort === "longest" || sort === "shortest";
}

async function finds(tables: Tables, text: string): Promise<boolean> {
  if ([...text].length < shortest || text.includes("\n")) return false;
  const [row] = await tables.rows<{ found: boolean }>(searchIndexSql);
  return row!.found;
}

/** Where to look, in which order, and where in it a recording stands. */
function orderOf(query: BrowseQuery): { readonly place: Condition; readonly order: string; readonly at: string } {
  if (!isByLength(query)) return { place: placeOf(query), order: startOrder(query), at: "start" };
  const { after, sort } = query;
  const [sign, way] = sort === "longest" ? ["<", "DESC"] : [">", "ASC"];
  const order = `${secondsColumn} ${way}, seq ${way}`;
  if (after === undefined) return { place: { sql: "true", values: [] }, order, at: secondsColumn };
  const sql = `(${secondsColumn}, seq) ${sign} (?::float8, ?::bigint)`;
  return { place: { sql, values: [after.at, after.seq] }, order, at: secondsColumn };
}

/** SQL for whether a recording has this text; looked up for each, for a join might read all there are. */
function hasText(text: string): Condition {
  if (text === "") return { sql: "true", values: [] };
  return { sql: "(SELECT w.text FROM words AS w WHERE w.recording = seq) LIKE ?", values: [pattern(text)] };
}

function pattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}

type FoundRow = RecordingRow & { readonly at: string | number };

/** The next `most` recordings in the order asked for, as far as they fit. */
async function walk(tables: Tables, query: BrowseQuery, text: string, most: number): Promise<Browsed> {
  const { place, order, at } = orderOf(query);
  const [fits, has] = [conditionsOf(query), hasText(text)];
  // Told as a column, so that the order is seen to hold outside too, and the look ends with the page.
  const looked = `SELECT *, ${at} AS at FROM recordings WHERE ${place.sql} ORDER BY ${order} LIMIT ${most}`;
  const rows = await tables.rows<FoundRow>(
    numbered(
      `SELECT * FROM (${looked}) AS looked WHERE ${fits.sql} AND ${has.sql}
       ORDER BY ${order.replace(at, "at")} LIMIT ${query.limit + 1}`,
    ),
    [...place.values, ...fits.values, ...has.values],
  );
  if (rows.length > query.limit) return pageFrom(rows, query);
  const [end] = await tables.rows<{ at: string | number; seq: number }>(
    numbered(`SELECT ${at} AS at, seq FROM recordings WHERE ${place.sql} ORDER BY ${order} OFFSET ${most - 1} LIMIT 1`),
    place.values,
  );
  return { entries: pageFrom(rows, query).entries, ...(end && { next: { at: end.at, seq: end.seq } }) };
}

function pageFrom(rows: readonly FoundRow[], { limit }: BrowseQuery): Browsed {
  const entries = rows.slice(0, limit).map((row) => ({
    entry: entryOf(row, () => false),
    position: { at: row.at, seq: row.seq },
  }));
  const last = entries.at(-1);
  return { entries, ...(rows.length > limit && last && { next: last.position }) };
}

/** A page of what the index finds; undefined where that is too much to be put in order. */
async function found(tables: Tables, query: BrowseQuery, text: string): Promise<Browsed | undefined> {
  const seqs = { sql: "SELECT recording FROM words WHERE text LIKE ?", values: [pattern(text)] };
  return sorted(tables, query, seqs);
}

/** The same in the order of lengths, also for some days: undefined where those are too many. */
async function fewOf(
  tables: Tables,
  query: BrowseQuery,
  text: string,
  isIndexed: boolean,
): Promise<Browsed | undefined> {
  if (isIndexed) return found(tables, query, text);
  if (query.from === undefined && query.to === undefined) return undefined;
  const { after: _, ...all } = query;
  const { place } = orderOf({ ...all, sort: "newest" });
  return sorted(
    tables,
    query,
    { sql: `SELECT seq AS recording FROM recordings WHERE ${place.sql}`, values: place.values },
    text,
  );
}

async function sorted(tables: Tables, query: BrowseQuery, seqs: Condition, text = ""): Promise<Browsed | undefined> {
  const counting = `SELECT count(*) AS many FROM (${seqs.sql} LIMIT ${mostFound + 1}) AS found`;
  const found = await limited<{ many: number }>(tables, counting, seqs.values);
  if (found!.many > mostFound) return undefined;
  const { place, order, at } = orderOf(query);
  const [fits, has] = [conditionsOf(query), hasText(text)];
  const rows = await tables.rows<FoundRow>(
    numbered(
      `WITH found AS MATERIALIZED (${seqs.sql})
       SELECT recordings.*, ${at} AS at FROM found JOIN recordings ON seq = recording
       WHERE ${place.sql} AND ${fits.sql} AND ${has.sql} ORDER BY ${order} LIMIT ${query.limit + 1}`,
    ),
    [...seqs.values, ...place.values, ...fits.values, ...has.values],
  );
  return pageFrom(rows, query);
}

async function countOf(tables: Tables, query: BrowseQuery, text: string): Promise<Counted> {
  const { after, direction, from, to } = query;
  if (text === "" && direction === undefined && from === undefined && to === undefined) return sumOf(tables, query);
  if (after === undefined && (await finds(tables, text))) {
    const counted = await countFound(tables, query, text);
    if (counted !== undefined) return counted;
  }
  return countLooked(tables, query, text);
}

/** All of some states and a source: the ledger keeps that sum itself. */
async function sumOf(tables: Tables, { states, source }: BrowseQuery): Promise<Counted> {
  const fits = conditionsOf({ states, ...(source && { source }), limit: 0 });
  const [row] = await tables.rows<Counted>(
    numbered(`SELECT coalesce(sum(entries), 0)::bigint AS count FROM holdings WHERE ${fits.sql}`),
    fits.values,
  );
  return { count: row!.count };
}

/** Undefined where the index finds more than is looked at, and too little of that fits. */
async function countFound(tables: Tables, query: BrowseQuery, text: string): Promise<Counted | undefined> {
  const fits = conditionsOf(query);
  const row = await limited<{ count: number; many: number }>(
    tables,
    `WITH found AS MATERIALIZED (SELECT recording FROM words WHERE text LIKE ? LIMIT ${mostFoundToCount})
     SELECT (SELECT count(*) FROM found) AS many,
       (SELECT count(*) FROM found WHERE (SELECT ${fits.sql} FROM recordings WHERE seq = recording)) AS count`,
    [pattern(text), ...fits.values],
  );
  return row!.many < mostFoundToCount || row!.count > mostCounted ? { count: row!.count } : undefined;
}

async function countLooked(tables: Tables, query: BrowseQuery, text: string): Promise<Counted> {
  const { place, order, at } = orderOf({ ...query, sort: "newest" });
  const [fits, has] = [conditionsOf(query), hasText(text)];
  const most = text === "" ? countedAtOnce : mostLooked;
  const looked = `SELECT * FROM recordings WHERE ${place.sql} ORDER BY ${order} LIMIT ${most}`;
  const [row] = await tables.rows<{ looked: number; count: number }>(
    numbered(
      `SELECT count(*) AS looked, count(*) FILTER (WHERE fits) AS count FROM (
         SELECT (${fits.sql}) AND ${has.sql} AS fits FROM (${looked}) AS looked) AS compared`,
    ),
    [...fits.values, ...has.values, ...place.values],
  );
  if (row!.looked < most) return { count: row!.count };
  const [end] = await tables.rows<{ at: string; seq: number }>(
    numbered(`SELECT ${at} AS at, seq FROM recordings WHERE ${place.sql} ORDER BY ${order} OFFSET ${most - 1} LIMIT 1`),
    place.values,
  );
  return { count: row!.count, ...(end && { next: { at: end.at, seq: end.seq } }) };
}
