import type { SetQuery } from "./archive-set.ts";
import {
  beginOf,
  cutDays,
  type DateReader,
  type DaySpan,
  dayBefore,
  daysOf,
  knownZone,
  todayIn,
} from "./date-words.ts";
import type { Sort, StartBounds } from "./library.ts";

/** A listener's question, understood. */
export interface CatalogueQuery {
  readonly query: Omit<SetQuery, "limit">;
  /** Where the list begins, as bounds that leave nothing out of the count. */
  readonly jump: Pick<SetQuery, "from" | "to" | "utc">;
  /** The days, both inclusive, that the question's dates were read as. */
  readonly days: { readonly days?: { readonly from?: string; readonly to?: string } };
  /** Where the listener is, when that is told and known. */
  readonly zone?: string;
  /** A date that nobody can read. */
  readonly unread?: string;
}

/**
 * Reads the parameters of a list. `from`, `to`, `at` (the day to begin with) and dates in `text` are taken as people write
 * them, by `locale` and `zone`; those are also where the listener's days begin. Other parameters that make no sense are
 * taken as not given.
 */
export function readQuery(params: URLSearchParams, nowMs: number): CatalogueQuery {
  const zone = knownZone(params.get("zone"));
  const reader = { today: todayIn(zone, nowMs), locale: params.get("locale")?.slice(0, 100) ?? "en-GB" };
  const { days, rest } = cutDays(wordsOf(params.get("text") ?? ""), reader);
  const dates = {
    from: dateOf(params, "from", reader),
    to: dateOf(params, "to", reader),
    at: dateOf(params, "at", reader),
  };
  const unread = (["from", "to", "at"] as const).find((name) => dates[name] === "unread");
  const unreadText = unread && params.get(unread);
  const { from, to, at } = dates as Record<keyof typeof dates, DaySpan | undefined>;
  const bounds = within({ from: latest(days?.start, from?.start), to: earliest(days?.end, to?.end) }, zone);
  const source = params.get("source");
  const direction = params.get("direction");
  const text = searchText(rest.join(" "));
  const sort = sortOf(params.get("sort"));
  const query: CatalogueQuery["query"] & { sort: Sort } = {
    ...(source === "ringcentral" || source === "tim" ? { source } : {}),
    ...(direction === "inbound" || direction === "outbound" || direction === "internal" ? { direction } : {}),
    ...(text === "" ? {} : { text }),
    ...bounds,
    sort,
  };
  return {
    query,
    jump: jumpOf(query, at, zone),
    days: daysRead(bounds),
    ...(zone !== undefined && { zone }),
    ...(unreadText && { unread: unreadText }),
  };
}

function daysRead({ from, to }: StartBounds): CatalogueQuery["days"] {
  if (from === undefined && to === undefined) return {};
  return { days: { ...(from !== undefined && { from }), ...(to !== undefined && { to: dayBefore(to) }) } };
}

/** The list begins with a day by leaving out what comes before that in its order. */
function jumpOf(query: StartBounds & { sort: Sort }, at: DaySpan | undefined, zone: string | undefined) {
  if (at === undefined || query.sort === "longest" || query.sort === "shortest") return {};
  const { from, to } = query;
  return query.sort === "newest"
    ? within({ from, to: earliest(to, at.end) }, zone)
    : within({ from: latest(from, at.start), to }, zone);
}

type Dates = { readonly [Name in keyof StartBounds]: string | undefined };

/** Bounds by the listener's days: as they are for local times, and as instants for times in UTC. */
function within({ from, to }: Dates, zone: string | undefined): Pick<SetQuery, "from" | "to" | "utc"> {
  const known = (bounds: Dates): StartBounds => ({
    ...(bounds.from !== undefined && { from: bounds.from }),
    ...(bounds.to !== undefined && { to: bounds.to }),
  });
  if (zone === undefined || (from === undefined && to === undefined)) return known({ from, to });
  return { ...known({ from, to }), utc: known({ from: from && beginOf(from, zone), to: to && beginOf(to, zone) }) };
}

function dateOf(params: URLSearchParams, name: string, reader: DateReader): DaySpan | "unread" | undefined {
  const text = (params.get(name) ?? "").trim().slice(0, 100);
  return text === "" ? undefined : (daysOf(text, reader) ?? "unread");
}

function latest(...dates: readonly (string | undefined)[]): string | undefined {
  return dates
    .filter((date) => date !== undefined)
    .sort()
    .at(-1);
}

function earliest(...dates: readonly (string | undefined)[]): string | undefined {
  return dates.filter((date) => date !== undefined).sort()[0];
}

function wordsOf(text: string): string[] {
  return text
    .trim()
    .slice(0, 200)
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** A number typed with blanks or signs is looked for by its digits. */
function searchText(text: string): string {
  const digits = text.replace(/[\s()./-]/g, "").replace(/^\+/, "");
  return /^\d{3,}$/.test(digits) ? digits : text;
}

function sortOf(text: string | null): Sort {
  return text === "oldest" || text === "longest" || text === "shortest" ? text : "newest";
}
