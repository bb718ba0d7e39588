import { createHash } from "node:crypto";
import { RecordingError } from "../../../core/model/errors.ts";
import { canBeStart } from "../../../core/selection.ts";
import type { Json } from "../api.ts";

/** Where a window's pages come from. */
export type Ask = (asked: Asked) => Promise<Page>;

/** A window's first page, where it stands, and the pages seen so far. */
export interface WindowStart {
  readonly url: string;
  readonly page: Page;
  readonly pages: Set<string>;
  /** What is listed, in words; the call log unless told. */
  readonly of?: string;
}

const mostPages = 10_000;
/** A list that moved while it was read is read again so often. */
const mostReadings = 3;

/**
 * The pages of one window. They are held against the totals that they name: what is missing is asked for, a list that
 * moved or stays shorter than it says is read again from its beginning (so records may come twice), and one that never
 * agrees throws `bad-answer`: there is no short list.
 */
export async function* pagesOf(start: WindowStart, ask: Ask): AsyncGenerator<Page, void> {
  const of = start.of === undefined ? {} : { of: start.of };
  let first = start;
  for (let reading = 1; ; reading++) {
    const agreed = yield* readingOf(first, ask);
    if (agreed) return;
    if (reading === mostReadings) throw disagreement(start.of);
    const pages = new Set<string>();
    first = { url: start.url, page: await ask({ url: start.url, pages, probing: false, ...of }), pages, ...of };
  }
}

/** One reading from the first page to the last; whether it came to what the pages said. */
async function* readingOf({ url, page: first, pages, of }: WindowStart, ask: Ask): AsyncGenerator<Page, boolean> {
  const asked = new Set([url]);
  const seen = new Set<string>();
  let nameless = 0;
  let page = first;
  for (;;) {
    yield page;
    for (const record of page.records) {
      const key = recordKey(record);
      if (key === undefined) nameless += 1;
      else seen.add(key);
    }
    nameless += page.broken;
    const total = page.total ?? first.total;
    if (total !== (first.total ?? total)) return false;
    const short = total !== undefined && seen.size + nameless < total;
    const probing = page.next === undefined && (page.untold || (short && page.records.length > 0));
    const next = probing ? page.beyond : page.next;
    if (next === undefined) return !short;
    if (asked.has(next) || asked.size === mostPages) throw endless(of);
    asked.add(next);
    page = await ask({ url: next, pages, probing, ...(of === undefined ? {} : { of }) });
  }
}

/** When a record's call began, in milliseconds; a time without zone is UTC, NaN stands for none that can be read or be true. */
export function startOf(record: Json): number {
  const text = record.startTime;
  if (typeof text !== "string" || !canBeStart(text)) return Number.NaN;
  return Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
}

function endless(of = "call log"): RecordingError {
  return new RecordingError("bad-answer", `RingCentral's ${of} names one page after another without end.`);
}

/** A list that never agreed with what it said of itself, or with its other readings. */
export function disagreement(of = "call log"): RecordingError {
  const message = `RingCentral's ${of} gives less than it says it has, or changes while it is read (tried ${mostReadings} times). Run again later.`;
  return new RecordingError("bad-answer", message);
}

/** One page of the call log. */
export interface Page {
  readonly records: readonly Json[];
  /** How many of its entries are no records at all. */
  readonly broken: number;
  /** Address of the page after it; undefined when this one is the last by all that it says. */
  readonly next: string | undefined;
  /** Address that the page after it would have, whatever this one says. */
  readonly beyond: string | undefined;
  /** It tells in no way whether there is a page after it. */
  readonly untold: boolean;
  /** How many records the whole list has, where the page tells. */
  readonly total: number | undefined;
}

/** What is known of a list when one of its pages is asked for. */
export interface Asked {
  readonly url: string;
  /** Fingerprints of the pages before it. */
  readonly pages: Set<string>;
  /** Nothing says that this page exists: one that repeats another, as a server gives that knows no pages, is the end. */
  readonly probing: boolean;
  /** What is listed, in words; the call log unless told. */
  readonly of?: string;
}

/**
 * Reads a page of the call log. A page that holds no list, has another number than was asked for, or repeats one before it
 * throws `bad-answer` with verdict `retry`; one that leaves its next page unnamed, although its numbers say that there is
 * one, has it named.
 */
export function pageOf(answer: Json, { url, pages, probing, of }: Asked): Page {
  const { records } = answer;
  if (!Array.isArray(records)) throw badPage("holds no records", of);
  const real = records.filter((record) => object(record) !== undefined) as Json[];
  const fingerprint = fingerprintOf(real);
  const repeats = real.length > 0 && pages.has(fingerprint);
  const asked = pageNumber(url);
  const number = count(object(answer.paging)?.page);
  if (repeats && probing && number !== asked && !isFull(real, url)) return noPage;
  if (number !== undefined && asked !== undefined && number !== asked) {
    throw badPage(`is number ${number} where ${asked} was asked for`, of);
  }
  if (repeats) throw badPage("repeats one before it", of);
  pages.add(fingerprint);
  return {
    records: real,
    broken: records.length - real.length,
    ...following(answer, url, records.length, of),
    total: count(object(answer.paging)?.totalElements),
  };
}

const noPage: Page = { records: [], broken: 0, next: undefined, beyond: undefined, untold: false, total: undefined };

/** What tells one record from another: its id and its recordings'; undefined for one without an id. */
export function recordKey(record: Json): string | undefined {
  if (typeof record.id !== "string" && typeof record.id !== "number") return undefined;
  const legs = Array.isArray(record.legs) ? record.legs : [];
  const ids = [record, ...legs].map((part) => object(object(part)?.recording)?.id).filter((id) => id !== undefined);
  return [record.id, ...new Set(ids)].join(" ");
}

/** Whether a page holds as many records as were asked for at most. */
function isFull(records: readonly Json[], url: string): boolean {
  return records.length >= Number(new URL(url).searchParams.get("perPage") ?? Infinity);
}

function fingerprintOf(records: readonly Json[]): string {
  const text = JSON.stringify(records.map((record) => recordKey(record) ?? record));
  return createHash("sha256").update(text).digest("base64");
}

function following(
  answer: Json,
  url: string,
  entries: number,
  of: string | undefined,
): Pick<Page, "next" | "beyond" | "untold"> {
  const navigation = object(answer.navigation);
  const paging = object(answer.paging);
  const beyond = pageAfter(url);
  const named = navigation?.nextPage ?? undefined;
  const uri = typeof named === "string" ? named : object(named)?.uri;
  if (typeof uri === "string" && uri !== "") return { next: nextUrl(uri, url, of), beyond, untold: false };
  const last = object(navigation?.lastPage)?.uri;
  const pages = [count(paging?.totalPages), typeof last === "string" ? pageNumber(last) : undefined];
  const here = pageNumber(url) ?? count(paging?.page) ?? 1;
  const more = named !== undefined || pages.some((each) => each !== undefined && each > here);
  const told = navigation !== undefined || pages[0] !== undefined || count(paging?.totalElements) !== undefined;
  return { next: more ? beyond : undefined, beyond, untold: !more && !told && entries > 0 };
}

/** The next page on the host that was asked, whatever host its address names: the token goes nowhere else. */
function nextUrl(uri: string, from: string, of = "call log"): string {
  const asked = new URL(from);
  const url = URL.canParse(uri, from) ? new URL(uri, from) : undefined;
  if (url === undefined || !url.pathname.startsWith("/restapi/")) {
    throw new RecordingError("bad-answer", `RingCentral's ${of} names a next page that is not part of its API.`);
  }
  // An address with other filters, or without some, would go on in another list; how long its pages are is the server's matter.
  for (const name of new Set(asked.searchParams.keys())) {
    if (name === "page" || (name === "perPage" && url.searchParams.has(name))) continue;
    url.searchParams.delete(name);
    for (const value of asked.searchParams.getAll(name)) url.searchParams.append(name, value);
  }
  return asked.origin + url.pathname + url.search;
}

function pageAfter(url: string): string | undefined {
  const number = pageNumber(url);
  if (number === undefined) return undefined;
  const next = new URL(url);
  next.searchParams.set("page", String(number + 1));
  return next.href;
}

/** The number of the page at this address: 1 where it has none, undefined where it has no number. */
function pageNumber(url: string): number | undefined {
  const text = URL.canParse(url) ? new URL(url).searchParams.get("page") : undefined;
  return text === undefined ? undefined : text === null ? 1 : count(text);
}

function count(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function badPage(what: string, of = "call log"): RecordingError {
  return new RecordingError("bad-answer", `A page of RingCentral's ${of} ${what}.`, { verdict: "retry" });
}
