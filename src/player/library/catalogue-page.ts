import type { LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import type { SpokenLine } from "../../core/transcripts/line.ts";
import { lineWith } from "../../core/transcripts/spoken.ts";
import type { Listener } from "../auth/sessions.ts";
import type { ArchiveSet, Place } from "./archive-set.ts";
import type { CatalogueQuery } from "./catalogue-query.ts";

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
  /** Whose the extension is. */
  readonly user?: string;
  readonly name?: string;
  readonly session?: string;
  readonly bytes?: number;
  readonly contentType?: string;
  /** There is a transcript. */
  readonly transcript?: true;
  /** Where the text that was searched for was said. */
  readonly said?: SpokenLine;
  /** Not in the archive: playing it fetches it. */
  readonly missing?: true;
}

export interface Page {
  readonly recordings: readonly Item[];
  /** Asks for what comes after; absent at the end. */
  readonly cursor?: string;
  /** The days, both inclusive, that the dates of the question were read as. */
  readonly days?: { readonly from?: string; readonly to?: string };
}

/** How many recordings there are in all. */
export interface Total {
  readonly total: number;
  /** `more`: there are more than that; `about`: some may be counted for several archives. */
  readonly exactness?: "more" | "about";
}

/** What a list is made of, and for whom. */
export interface Catalogue {
  readonly archiveSet: ArchiveSet;
  readonly listener: Listener;
  readonly canFetch: (key: RecordingKey) => boolean;
}

const pageSize = 100;
/** Recordings looked at for one page by a listener who may see only some. */
const mostLooked = 5_000;
/** Looks in vain for one page: a filter that finds little is continued by the next request. */
const mostVain = 3;
/** Recordings that are looked at one by one to count them. */
const mostCounted = 20_000;
/** Recordings found by a text that are counted. */
const mostFound = 100_000;

/** A page of the catalogue in the order asked for; with `where=all` it holds what can be fetched too. */
export async function cataloguePage(
  { archiveSet, listener, canFetch }: Catalogue,
  params: URLSearchParams,
  { query, jump, days }: CatalogueQuery,
): Promise<Page> {
  const found: LedgerEntry[] = [];
  const wanted = { ...query, ...jump, limit: listener.sees === undefined ? pageSize : 5 * pageSize };
  const steps = archiveSet.walk(wanted, params.get("where") === "all", placesOf(params));
  let looked = 0;
  let vain = 0;
  for await (const { entry, places, inVain } of steps) {
    looked += 1;
    if (inVain) vain += 1;
    if (entry !== undefined && isShown(entry, listener, canFetch)) found.push(entry);
    if (found.length < pageSize && looked < mostLooked && vain < mostVain) continue;
    if (places.every((place) => place === "end")) continue;
    return { recordings: await items(found, archiveSet, query.text), cursor: cursorOf(places), ...days };
  }
  return { recordings: await items(found, archiveSet, query.text), ...days };
}

/** Counts all pages of a list. Undefined when the listener has gone. */
export async function catalogueTotal(
  catalogue: Catalogue,
  params: URLSearchParams,
  { query }: CatalogueQuery,
  signal: AbortSignal,
): Promise<Total | undefined> {
  const { archiveSet, listener } = catalogue;
  const isPlain = listener.sees === undefined && params.get("where") !== "all";
  if (isPlain && archiveSet.archives.length === 1) return counted(catalogue, query, signal);
  let total = 0;
  let looked = 0;
  for await (const entry of catalogueEntries(catalogue, params, query)) {
    if (signal.aborted) return undefined;
    looked += 1;
    if (entry !== undefined) total += 1;
    if (looked < mostCounted) continue;
    if (!isPlain) return { total, exactness: "more" };
    return counted(catalogue, query, signal, "about");
  }
  return { total };
}

async function counted(
  { archiveSet }: Catalogue,
  query: CatalogueQuery["query"],
  signal: AbortSignal,
  exactness?: "about",
): Promise<Total | undefined> {
  const total = await archiveSet.count({ ...query, limit: 0 }, mostFound, signal);
  if (total === undefined) return undefined;
  if (query.text !== undefined && total > mostFound) return { total: mostFound, exactness: "more" };
  return { total, ...(exactness && { exactness }) };
}

/** All that a listener is shown of a list; undefined for each step that shows nothing. */
export async function* catalogueEntries(
  { archiveSet, listener, canFetch }: Catalogue,
  params: URLSearchParams,
  query: CatalogueQuery["query"],
): AsyncIterable<LedgerEntry | undefined> {
  const steps = archiveSet.walk({ ...query, limit: 5 * pageSize }, params.get("where") === "all", []);
  for await (const { entry } of steps) {
    yield entry !== undefined && isShown(entry, listener, canFetch) ? entry : undefined;
  }
}

function isShown(entry: LedgerEntry, listener: Listener, canFetch: (key: RecordingKey) => boolean): boolean {
  return (entry.state === "done" || canFetch(entry.ref.key)) && listener.sees?.(entry) !== false;
}

/** As the page shows them, with the words that were searched for where they were said. */
async function items(
  entries: readonly LedgerEntry[],
  archiveSet: ArchiveSet,
  text: string | undefined,
): Promise<Item[]> {
  const shown: Item[] = [];
  for (const entry of entries) {
    const line =
      text === undefined || entry.transcripts === undefined ? undefined : await saidIn(entry, archiveSet, text);
    shown.push({ ...itemOf(entry), ...(line && { said: line }) });
  }
  return shown;
}

async function saidIn({ ref }: LedgerEntry, archiveSet: ArchiveSet, text: string): Promise<SpokenLine | undefined> {
  const found = await archiveSet.find(ref.key);
  const line = lineWith((await found?.archive.ledger.spokenOf(ref.key))?.lines ?? [], text);
  return line && { ...line, text: excerptOf(line.text, text) };
}

const mostExcerptLetters = 240;

/** A long line around the words searched for. */
function excerptOf(line: string, text: string): string {
  if (line.length <= mostExcerptLetters) return line;
  const at = Math.max(0, line.toLowerCase().indexOf(text.toLowerCase()) - mostExcerptLetters / 3);
  const piece = line.slice(at, at + mostExcerptLetters);
  return `${at > 0 ? "…" : ""}${piece}${at + piece.length < line.length ? "…" : ""}`;
}

export function itemOf({
  ref,
  stored,
  state,
  transcripts,
}: Pick<LedgerEntry, "ref" | "stored" | "state" | "transcripts">): Item {
  const { start, direction, from, to, extension, user, name, session, duration } = ref.call;
  const fields = {
    ...{ start, seconds: stored?.audioSeconds ?? duration, direction, from, to, extension, user, name, session },
    ...{ bytes: stored?.bytes, contentType: stored?.contentType, missing: state === "done" ? undefined : true },
    transcript: transcripts === undefined ? undefined : true,
  };
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { key: ref.key, source: ref.source, id: ref.id, ...known };
}

/** Places as text for the next request. */
function cursorOf(places: readonly Place[]): string {
  const parts = places.map((place) => {
    if (place === undefined || place === "end") return place ?? null;
    return [place.at, place.seq, ...(place.indexed ? [1] : [])];
  });
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function placesOf(params: URLSearchParams): readonly Place[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(params.get("cursor") ?? "", "base64url").toString());
    return Array.isArray(parts) ? parts.map(placeOf) : [];
  } catch {
    return [];
  }
}

function placeOf(part: unknown): Place {
  if (part === "end") return part;
  if (!Array.isArray(part)) return undefined;
  const [at, seq, indexed] = part as unknown[];
  if ((typeof at !== "string" && typeof at !== "number") || !Number.isSafeInteger(seq)) return undefined;
  return { at, seq: seq as number, ...(indexed === 1 && { indexed: true }) };
}
