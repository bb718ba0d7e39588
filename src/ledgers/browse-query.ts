import type { EntryState, LedgerEntry } from "../core/model/ledger.ts";
import type { Direction, SourceName } from "../core/model/recording.ts";
import type { Condition } from "./entry-conditions.ts";

/** In which order recordings are looked through. */
export type Sort = "newest" | "oldest" | "longest" | "shortest";

/** A place in that order: what comes after it is further on. */
export interface Position {
  /** The call's start as it is written; in an order of lengths its seconds. */
  readonly at: string | number;
  readonly seq: number;
  /** Found by the search index, whose order is to be kept on the next page. */
  readonly indexed?: boolean;
}

/** Between which call starts to look, as the text they are; the end is exclusive. */
export interface StartBounds {
  readonly from?: string;
  readonly to?: string;
}

/** Which recordings a person looks through. */
export interface BrowseQuery extends StartBounds {
  readonly states: readonly EntryState[];
  readonly source?: SourceName;
  readonly direction?: Direction;
  /** The bounds for starts that are written in UTC (`…Z`), where they differ from those of local times. */
  readonly utc?: StartBounds;
  /** Appears in a number, the extension, a name or the id; neither case nor accents count. */
  readonly text?: string;
  /** `newest` unless told. */
  readonly sort?: Sort;
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

/** How many recordings fit among those that were looked at. */
export interface Counted {
  readonly count: number;
  /** Where to go on counting; absent at the end. */
  readonly next?: Position;
}

/** SQL for how long a recording sounds; 0 where nobody knows. */
export const secondsColumn = "coalesce(audio_seconds, duration, 0)";

/** How an order of starts is written in SQL. */
export function startOrder({ sort }: BrowseQuery): string {
  return sort === "oldest" ? "start ASC, seq ASC" : "start DESC, seq DESC";
}

/** Where a look in the order of starts begins and ends: by the index over starts. */
export function placeOf(query: BrowseQuery): Condition {
  const { from, to } = widest(query);
  const { after, sort } = query;
  const conditions: [string, ...(string | number)[]][] = [];
  if (after !== undefined)
    conditions.push([`(start, seq) ${sort === "oldest" ? ">" : "<"} (?, ?)`, after.at, after.seq]);
  if (from !== undefined) conditions.push(["start >= ?", from]);
  if (to !== undefined) conditions.push(["start < ?", to]);
  return joined(conditions);
}

/** All that a recording must fit in, but the text. */
export function conditionsOf({ states, source, direction, from, to, utc }: BrowseQuery): Condition {
  const conditions: [string, ...(string | number)[]][] = [
    [`state IN (${states.map(() => "?").join(", ")})`, ...states],
  ];
  if (source !== undefined) conditions.push(["source = ?", source]);
  if (direction !== undefined) conditions.push(["direction = ?", direction]);
  if (from !== undefined) conditions.push([bound(">="), utc?.from ?? from, from]);
  if (to !== undefined) conditions.push([bound("<"), utc?.to ?? to, to]);
  return joined(conditions);
}

function bound(comparison: ">=" | "<"): string {
  return `start ${comparison} CASE WHEN start LIKE '%Z' THEN ? ELSE ? END`;
}

/** Bounds that leave out no start, however it is written. */
export function widest({ from, to, utc }: BrowseQuery): StartBounds {
  const first = [from, from && utc?.from].filter((each) => each !== undefined).sort()[0];
  const last = [to, to && utc?.to]
    .filter((each) => each !== undefined)
    .sort()
    .at(-1);
  return { ...(first !== undefined && { from: first }), ...(last !== undefined && { to: last }) };
}

function joined(conditions: readonly (readonly [string, ...(string | number)[]])[]): Condition {
  if (conditions.length === 0) return { sql: "1 = 1", values: [] };
  return { sql: conditions.map(([sql]) => sql).join(" AND "), values: conditions.flatMap(([, ...values]) => values) };
}
