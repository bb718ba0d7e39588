import { foldedWords } from "../../core/folding.ts";
import type { Sqlite } from "../../platform/sqlite.ts";
import { type BrowseQuery, type Counted, conditionsOf, placeOf, widest } from "../browse-query.ts";
import { type SearchIndex, searchedColumns } from "./search-index.ts";
import { openSpokenWords } from "./spoken.ts";

/** Recordings counted at once, within milliseconds. */
const countedAtOnce = 20_000;
const foundAtOnce = 4_000;
const textsAtOnce = 2_000;

/** Counts what fits after `query.after`, some milliseconds long; `text` is folded. */
export function countPiece(sqlite: Sqlite, search: SearchIndex, query: BrowseQuery, text: string): Counted {
  const { after } = query;
  if (text !== "") {
    const byIndex = search.finds(text) && (after === undefined || after.indexed === true);
    return byIndex ? countFound(sqlite, search, query, text) : countTexts(sqlite, query, text);
  }
  const { direction, from, to } = query;
  const isSummed = direction === undefined && from === undefined && to === undefined;
  return isSummed ? countHoldings(sqlite, query) : countRange(sqlite, query);
}

/** All of some states and a source: the ledger keeps that sum itself. */
function countHoldings(sqlite: Sqlite, { states, source }: BrowseQuery): Counted {
  const { sql, values } = conditionsOf({ states, ...(source && { source }), limit: 0 });
  const row = sqlite.prepare(`SELECT coalesce(sum(entries), 0) AS count FROM holdings WHERE ${sql}`).get(...values);
  return { count: (row as { count: number }).count };
}

function countRange(sqlite: Sqlite, query: BrowseQuery): Counted {
  const place = placeOf({ ...query, sort: "newest" });
  const fits = conditionsOf(query);
  const row = sqlite
    .prepare(`
      SELECT count(*) AS looked, coalesce(sum(${fits.sql}), 0) AS count
      FROM (SELECT * FROM recordings WHERE ${place.sql} ORDER BY start DESC, seq DESC LIMIT ${countedAtOnce})`)
    .get(...fits.values, ...place.values) as { looked: number; count: number };
  if (row.looked < countedAtOnce) return { count: row.count };
  const last = sqlite
    .prepare(`SELECT start AS at, seq FROM recordings WHERE ${place.sql}
      ORDER BY start DESC, seq DESC LIMIT 1 OFFSET ${countedAtOnce - 1}`)
    .get(...place.values) as { at: string; seq: number };
  return { count: row.count, next: { at: last.at, seq: last.seq } };
}

function countFound(sqlite: Sqlite, search: SearchIndex, query: BrowseQuery, text: string): Counted {
  const { after } = query;
  const bounds = { ...widest(query), ...(after && { after: { start: String(after.at), seq: after.seq } }) };
  const seqs = search.find(text, bounds, foundAtOnce);
  const fits = conditionsOf(query);
  const { count } = sqlite
    .prepare(`SELECT count(*) AS count FROM (SELECT value AS asked FROM json_each(?))
      CROSS JOIN recordings ON seq = asked WHERE ${fits.sql}`)
    .get(JSON.stringify(seqs), ...fits.values) as { count: number };
  const last = seqs.at(-1);
  if (seqs.length < foundAtOnce || last === undefined) return { count };
  const { at } = sqlite.prepare("SELECT start AS at FROM recordings WHERE seq = ?").get(last) as { at: string };
  return { count, next: { at, seq: last, indexed: true } };
}

/** Until the index is there: reads the texts of some recordings and compares them itself. */
function countTexts(sqlite: Sqlite, query: BrowseQuery, text: string): Counted {
  const place = placeOf({ ...query, sort: "newest" });
  const fits = conditionsOf(query);
  const rows = sqlite
    .prepare(`
      SELECT start AS at, seq, CASE WHEN ${fits.sql} THEN ${searchedColumns} END AS words
      FROM (SELECT * FROM recordings WHERE ${place.sql} ORDER BY start DESC, seq DESC LIMIT ${textsAtOnce})`)
    .all(...fits.values, ...place.values) as { at: string; seq: number; words: string | null }[];
  const spoken = openSpokenWords({ sqlite });
  const says = (seq: number) => foldedWords(spoken(seq) ?? "").includes(text);
  const count = rows.filter(
    ({ words, seq }) => words !== null && (foldedWords(words).includes(text) || says(seq)),
  ).length;
  const last = rows.at(-1);
  if (rows.length < textsAtOnce || last === undefined) return { count };
  return { count, next: { at: last.at, seq: last.seq } };
}
