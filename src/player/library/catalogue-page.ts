import type { LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import type { Listener } from "../auth/sessions.ts";
import type { ArchiveSet, Place, SetQuery } from "./archive-set.ts";

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
/** Recordings looked at for one page by a listener who may see only some. */
const mostLooked = 5_000;
/** Looks in vain for one page: a filter that finds little is continued by the next request. */
const mostVain = 3;

/**
 * A page of the catalogue, newest call first; with `where=all` it holds what can be fetched too. Parameters that make no
 * sense are taken as not given.
 */
export async function cataloguePage(
  archiveSet: ArchiveSet,
  query: URLSearchParams,
  listener: Listener,
  canFetch: (key: RecordingKey) => boolean,
): Promise<Page> {
  const found: LedgerEntry[] = [];
  const wanted = { ...queryOf(query), limit: listener.sees === undefined ? pageSize : 5 * pageSize };
  let looked = 0;
  let vain = 0;
  for await (const { entry, places, inVain } of archiveSet.newest(
    wanted,
    query.get("where") === "all",
    placesOf(query),
  )) {
    looked += 1;
    if (inVain) vain += 1;
    if (entry !== undefined && isShown(entry, listener, canFetch)) found.push(entry);
    if (found.length < pageSize && looked < mostLooked && vain < mostVain) continue;
    if (places.some((place) => place !== "end")) return { recordings: items(found), cursor: cursorOf(places) };
  }
  return { recordings: items(found) };
}

function isShown(entry: LedgerEntry, listener: Listener, canFetch: (key: RecordingKey) => boolean): boolean {
  return (entry.state === "done" || canFetch(entry.ref.key)) && listener.sees?.(entry) !== false;
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

/** Places as text for the next request. */
function cursorOf(places: readonly Place[]): string {
  const parts = places.map((place) => {
    if (place === undefined || place === "end") return place ?? null;
    return [place.start, place.seq, ...(place.indexed ? [1] : [])];
  });
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function placesOf(query: URLSearchParams): readonly Place[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(query.get("cursor") ?? "", "base64url").toString());
    return Array.isArray(parts) ? parts.map(placeOf) : [];
  } catch {
    return [];
  }
}

function placeOf(part: unknown): Place {
  if (part === "end") return part;
  if (!Array.isArray(part)) return undefined;
  const [start, seq, indexed] = part as unknown[];
  if (typeof start !== "string" || !Number.isSafeInteger(seq)) return undefined;
  return { start, seq: seq as number, ...(indexed === 1 && { indexed: true }) };
}

function queryOf(query: URLSearchParams): Omit<SetQuery, "limit"> {
  const source = query.get("source");
  const direction = query.get("direction");
  const words = (query.get("text") ?? "").trim().slice(0, 200).split(/\s+/);
  const date = words.find((word) => /^\d{4}-\d\d(-\d\d)?$/.test(word));
  const text = searchText(words.filter((word) => word !== date).join(" "));
  const from = [dateOf(query.get("from")), date]
    .filter((bound) => bound !== undefined)
    .sort()
    .at(-1);
  const to = [endOf(dateOf(query.get("to"))), endOf(date)]
    .filter((bound) => bound !== undefined)
    .sort()
    .at(0);
  return {
    ...(source === "ringcentral" || source === "tim" ? { source } : {}),
    ...(direction === "inbound" || direction === "outbound" || direction === "internal" ? { direction } : {}),
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
