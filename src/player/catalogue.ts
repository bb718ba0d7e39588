import type { EntryFilter, LedgerEntry } from "../core/ports.ts";
import type { RecordingKey } from "../core/recording.ts";
import type { Listener } from "./sessions.ts";
import { type Shelf, startOf } from "./shelf.ts";

/** One recording as the page shows it. */
export interface Item {
  readonly key: string;
  readonly source: string;
  readonly id: string;
  readonly start?: string;
  readonly seconds?: number;
  readonly direction?: string;
  readonly from?: string;
  readonly to?: string;
  readonly extension?: string;
  readonly name?: string;
  readonly session?: string;
  readonly bytes?: number;
  readonly contentType?: string;
  /** Not in the archive: playing it fetches it. */
  readonly missing?: true;
}

export interface Page {
  readonly recordings: readonly Item[];
  /** Asks for what comes after; absent at the end. */
  readonly cursor?: string;
}

const pageSize = 100;
/** Entries looked at for one page: a filter that finds little is continued by the next request. */
const mostLooked = 5_000;

/**
 * A page of the catalogue, newest call first; with `where=all` it holds what can be fetched too. Parameters that make no
 * sense are taken as not given.
 */
export async function cataloguePage(
  shelf: Shelf,
  query: URLSearchParams,
  listener: Listener,
  canFetch: (key: RecordingKey) => boolean,
): Promise<Page> {
  const direction = query.get("direction");
  const after = cursorOf(query.get("cursor"));
  let beyond = after === undefined;
  const found: LedgerEntry[] = [];
  let looked = 0;
  let last: LedgerEntry | undefined;
  for await (const entry of shelf.newest(filterOf(query, after), query.get("where") === "all")) {
    if (!beyond) {
      beyond = startOf(entry) !== after?.start || entry.ref.key === after.key;
      if (entry.ref.key === after?.key || !beyond) continue;
    }
    if (found.length === pageSize || looked === mostLooked) return { recordings: items(found), ...cursor(last) };
    looked += 1;
    last = entry;
    if (direction && entry.ref.call.direction !== direction) continue;
    if (entry.state !== "done" && !canFetch(entry.ref.key)) continue;
    if (listener.sees?.(entry) === false) continue;
    found.push(entry);
  }
  return { recordings: items(found) };
}

function items(entries: readonly LedgerEntry[]): Item[] {
  return entries.map((entry) => itemOf(entry));
}

export function itemOf({ ref, stored, state }: Pick<LedgerEntry, "ref" | "stored" | "state">): Item {
  const { start, direction, from, to, extension, name, session, duration } = ref.call;
  const fields = {
    ...{ start, seconds: stored?.audioSeconds ?? duration, direction, from, to, extension, name, session },
    ...{ bytes: stored?.bytes, contentType: stored?.contentType, missing: state === "done" ? undefined : true },
  };
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { key: ref.key, source: ref.source, id: ref.id, ...known };
}

interface Cursor {
  readonly start: string;
  readonly key: string;
}

function cursor(last: LedgerEntry | undefined): { cursor?: string } {
  if (last === undefined) return {};
  return { cursor: Buffer.from(JSON.stringify([startOf(last), last.ref.key])).toString("base64url") };
}

function cursorOf(text: string | null): Cursor | undefined {
  if (text === null || text === "") return undefined;
  try {
    const [start, key] = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown[];
    return typeof start === "string" && typeof key === "string" ? { start, key } : undefined;
  } catch {
    return undefined;
  }
}

function filterOf(query: URLSearchParams, after: Cursor | undefined): EntryFilter {
  const source = query.get("source");
  const words = (query.get("text") ?? "").trim().slice(0, 200).split(/\s+/);
  const date = words.find((word) => /^\d{4}-\d\d(-\d\d)?$/.test(word));
  const text = searchText(words.filter((word) => word !== date).join(" "));
  const from = [dateOf(query.get("from")), date]
    .filter((bound) => bound !== undefined)
    .sort()
    .at(-1);
  const ends = [endOf(dateOf(query.get("to"))), endOf(date)].filter((bound) => bound !== undefined);
  // The end is exclusive: what began in the same instant as the last one shown is read again and passed over.
  if (after !== undefined) ends.push(`${after.start}\u0001`);
  const to = ends.sort().at(0);
  return {
    ...(source === "ringcentral" || source === "tim" ? { source } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(text === "" ? {} : { text }),
  };
}

/** A number typed with blanks or signs is looked for by its digits. */
function searchText(text: string): string {
  const digits = text.replace(/[\s()./-]/g, "").replace(/^\+/, "");
  return /^\d{3,}$/.test(digits) ? digits : text;
}

function dateOf(text: string | null): string | undefined {
  return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) ? text : undefined;
}

/** What comes after every time of that day or month, as text. */
function endOf(date: string | undefined): string | undefined {
  return date === undefined ? undefined : `${date}\u007f`;
}
