import { RecordingError } from "../../../core/model/errors.ts";
import type { HeardListing, Selection } from "../../../core/model/ports.ts";
import type { RejectedRow, Row, RowBatch } from "../../../core/model/recording.ts";
import { nowBy } from "../../../core/two-clocks.ts";
import type { Api, Json } from "../api.ts";
import { refusedRole } from "../error-bodies.ts";
import type { RingCentralContext, RingCentralSettings } from "../settings.ts";
import type { Extensions } from "./extensions.ts";
import { type Asked, type Page, pageOf, pagesOf, recordKey, startOf, type WindowStart } from "./pages.ts";
import type { ServerClock } from "./server-clock.ts";
import { fittingSpan, inOrderOfExpiry, listingRange, mostHeld, nextSpan, type Range } from "./windows.ts";

export interface ListingWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly api: Api;
  readonly serverClock: ServerClock;
  readonly extensions: Extensions;
}

type Level = "account" | "extension";

const perPage = 250;
const rowsPerBatch = 1000;
const idsRemembered = 50_000;

/**
 * Call-log records with recordings, window by window: first what the system still keeps, oldest window first, then what has
 * expired; inside a window oldest first, as long as it holds no more than can be sorted in memory. A page that cannot be had
 * throws: there is no short list. At its end `heard` is told what was listed.
 */
export async function* listCalls(
  world: ListingWorld,
  selection: Selection,
  signal: AbortSignal,
  heard: (listing: HeardListing) => void = () => {},
): AsyncGenerator<RowBatch, void> {
  const now = nowBy(world.context.clock.now(), world.serverClock.now());
  const account = listingRange(selection, now);
  const own = listingRange({ ...selection, fromMs: selection.ownFromMs ?? account.fromMs }, now);
  const asked = { fromMs: Math.min(account.fromMs, own.fromMs), toMs: account.toMs };
  const wanted = recordFilter(selection, asked);
  const listing: Listing = {
    ...world,
    selection,
    wanted,
    level: "account",
    isOpen: false,
    line: 1,
    records: 0,
    startless: 0,
    asked,
    outside: 0,
  };
  tellProgress(listing, account, account.fromMs);
  try {
    yield* partsOf(listing, account, signal);
  } catch (error) {
    if (!mayListOwn(listing, error)) throw error;
    yield* partsOf(listing, own, signal);
  }
  tellStartless(listing);
  tellOutside(listing);
  const { fromMs, knownToMs: untilMs } = listing.level === "account" ? account : own;
  heard({ fromMs, untilMs, level: listing.level, byServer: world.serverClock.now() !== undefined });
}

async function* partsOf(listing: Listing, range: Range, signal: AbortSignal): AsyncGenerator<RowBatch, void> {
  for (const part of inOrderOfExpiry(range, listing.selection.expired?.beforeMs)) yield* rangeOf(listing, part, signal);
}

/** Whether the company's log was refused from the start, so that the user's own is left: says so. A refusal of that one too is final. */
function mayListOwn(listing: Listing, error: unknown): boolean {
  if (!(error instanceof RecordingError) || error.code !== "forbidden") return false;
  const message = `${error.message} Listing this user's own calls only.`;
  listing.context.report({ event: "notice", level: "warning", message });
  listing.level = "extension";
  return true;
}

function tellProgress({ context, records: rows }: Listing, range: Range, toMs: number): void {
  const { from, to } = { from: new Date(range.fromMs).toISOString(), to: new Date(toMs).toISOString() };
  context.report({ event: "listing", source: "ringcentral", rows, from, to });
}

/** One listing under way. */
interface Listing extends ListingWorld {
  readonly selection: Selection;
  readonly wanted: (record: Json) => boolean;
  level: Level;
  /** Some of it has been read. */
  isOpen: boolean;
  /** Number of the next record. */
  line: number;
  /** How many records there were so far, and how many of those whose start cannot be read. */
  records: number;
  startless: number;
  /** The time that is asked for in all, and how many records began far outside of it. */
  readonly asked: Range;
  outside: number;
}

/** The records of one stretch of time, in windows that follow how many there are. */
async function* rangeOf(listing: Listing, range: Range, signal: AbortSignal): AsyncGenerator<RowBatch, void> {
  let span = nextSpan(undefined, 0);
  for (let fromMs = range.fromMs; fromMs < range.toMs; ) {
    const window = { fromMs, toMs: Math.min(fromMs + span, range.toMs) };
    const first = await firstPage(listing, window, signal);
    const { page } = first;
    const fitting = page.next === undefined ? undefined : fittingSpan(window.toMs - fromMs, page.records.map(startOf));
    if (fitting !== undefined) {
      span = fitting;
      continue;
    }
    span = nextSpan(span, yield* windowOf(listing, first, signal));
    fromMs = window.toMs;
    tellProgress(listing, range, fromMs);
  }
}

/** The records of one window from its first page on; returns how many the server had. */
async function* windowOf(listing: Listing, first: WindowStart, signal: AbortSignal): AsyncGenerator<RowBatch, number> {
  let held: Json[] = [];
  let records = 0;
  for await (const page of pagesOf(first, (asked) => readPage(listing, asked, signal))) {
    if (held.length >= mostHeld) {
      yield* batches(held, listing);
      held = [];
    }
    records += page.records.length;
    listing.records += page.records.length;
    for (const record of page.records) {
      if (isFarOutside(startOf(record), listing.asked)) listing.outside += 1;
      if (listing.wanted(record)) held.push(await listing.extensions.completed(record, signal));
    }
    if (page.broken > 0) yield { rows: [], rejected: Array.from({ length: page.broken }, () => brokenRow(listing)) };
  }
  yield* batches(held, listing);
  return records;
}

/** A window's first page. Throws `forbidden` where the company's log is refused from the start, and stops the run at any other refusal. */
async function firstPage(listing: Listing, window: Range, signal: AbortSignal): Promise<WindowStart> {
  const url = logUrl(listing, queryOf(listing.selection, window));
  const pages = new Set<string>();
  return { url, page: await readPage(listing, { url, pages, probing: false }, signal), pages };
}

async function readPage(listing: Listing, asked: Asked, signal: AbortSignal): Promise<Page> {
  try {
    const page = await listing.api.get("call-log", asked.url, (answer) => pageOf(answer, asked), signal);
    listing.isOpen = true;
    return page;
  } catch (error) {
    const isRefused = error instanceof RecordingError && error.code === "forbidden";
    // Who may no longer go on in the company's log would take the own calls for all of them.
    throw isRefused && (listing.isOpen || listing.level === "extension") ? refusedRole(error.body) : error;
  }
}

function brokenRow(listing: Listing): RejectedRow {
  return {
    file: "call-log",
    line: listing.line++,
    message: "RingCentral's call log contains an entry that is not a record.",
  };
}

function tellStartless({ startless, context }: Listing): void {
  if (startless === 0) return;
  const have = startless === 1 ? "has no readable start: it is" : "have no readable start: they are";
  const message = `${startless} of the listed calls ${have} kept as RingCentral listed ${startless === 1 ? "it" : "them"}.`;
  context.report({ event: "notice", level: "warning", message });
}

/** Windows overlap by seconds. */
const nearMs = 60_000;

function isFarOutside(startMs: number, { fromMs, toMs }: Range): boolean {
  return startMs < fromMs - nearMs || startMs >= toMs + nearMs;
}

function tellOutside({ outside, context }: Listing): void {
  if (outside === 0) return;
  const message = `${outside} of the listed calls began outside of the time that was asked for, and ${outside === 1 ? "is" : "are"} left out: RingCentral, or a proxy before it, tells times wrongly or answers another question.`;
  context.report({ event: "notice", level: "warning", message });
}

function logUrl({ settings, level }: Listing, query: URLSearchParams): string {
  const account = encodeURIComponent(settings.account ?? "~");
  const extension = level === "extension" ? "/extension/~" : "";
  return `${settings.server}/restapi/v1.0/account/${account}${extension}/call-log?${query}`;
}

function queryOf(selection: Selection, window: Range): URLSearchParams {
  const { direction, extension, number } = selection;
  const type = { automatic: "Automatic", ondemand: "OnDemand", all: "All" }[selection.recordingType ?? "all"];
  // Instants may be cut to seconds there, and one end of a window may be exclusive: windows overlap by a second.
  const query = new URLSearchParams({
    dateFrom: new Date(Math.floor(window.fromMs / 1000) * 1000 - 1000).toISOString(),
    dateTo: new Date(Math.ceil(window.toMs / 1000) * 1000).toISOString(),
    recordingType: type,
    view: "Detailed",
    perPage: String(perPage),
  });
  if (direction !== undefined) query.set("direction", direction === "inbound" ? "Inbound" : "Outbound");
  if (extension !== undefined) query.set("extensionNumber", extension);
  // The API takes only one of the two.
  else if (number !== undefined) query.set("phoneNumber", digits(number));
  return query;
}

/** What the API cannot filter, and each record once. */
function recordFilter(selection: Selection, range: Range): (record: Json) => boolean {
  const { minDurationSeconds: least, number, extension } = selection;
  const seen = new Set<string>();
  return (record) => {
    const start = startOf(record);
    if (start < range.fromMs || start >= range.toMs) return false;
    if (least !== undefined && typeof record.duration === "number" && record.duration < least) return false;
    if (number !== undefined && extension !== undefined && !speaksWith(record, digits(number))) return false;
    const key = recordKey(record);
    return key === undefined || isNew(seen, key);
  };
}

function speaksWith(record: Json, number: string): boolean {
  return [record.from, record.to].some((party) => {
    const given = (party as { phoneNumber?: unknown } | null | undefined)?.phoneNumber;
    return typeof given === "string" && digits(given) === number;
  });
}

/** Pages repeat records only near each other, so the oldest ids may be forgotten. */
function isNew(seen: Set<string>, id: string): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > idsRemembered) seen.delete(seen.values().next().value as string);
  return true;
}

/** Records as rows, oldest first. */
function* batches(held: Json[], listing: Listing): Generator<RowBatch> {
  listing.startless += held.filter((record) => Number.isNaN(startOf(record))).length;
  held.sort((one, other) => (startOf(one) || 0) - (startOf(other) || 0));
  for (let at = 0; at < held.length; at += rowsPerBatch) {
    const rows = held.slice(at, at + rowsPerBatch).map((fields): Row => {
      return { fields, file: "call-log", line: listing.line++ };
    });
    yield { rows };
  }
}

function digits(number: string): string {
  return number.replace(/\D/g, "");
}
