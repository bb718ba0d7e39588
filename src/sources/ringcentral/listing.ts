import { RecordingError } from "../../core/errors.ts";
import type { Selection } from "../../core/ports.ts";
import type { Row, RowBatch } from "../../core/recording.ts";
import type { Api, Json } from "./api.ts";
import { refusedRole } from "./refusals.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";
import { fittingSpan, listingRange, mostHeld, nextSpan, type Range } from "./windows.ts";

export interface ListingWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly api: Api;
}

type Level = "account" | "extension";

interface Page {
  readonly records: readonly Json[];
  readonly next: string | undefined;
}

const perPage = 250;
const rowsPerBatch = 1000;
const idsRemembered = 50_000;
const mostPages = 10_000;

/**
 * Call-log records with recordings, window by window, oldest window first; inside a window oldest first, as long as it
 * holds no more than can be sorted in memory. A page that cannot be had throws: there is no short list.
 */
export async function* listCalls(
  world: ListingWorld,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void> {
  const range = listingRange(selection, world.context.clock.now());
  const listing: Listing = { ...world, selection, wanted: recordFilter(selection, range), level: "account", line: 1 };
  let span = nextSpan(undefined, 0);
  for (let fromMs = range.fromMs; fromMs < range.toMs; ) {
    const window = { fromMs, toMs: Math.min(fromMs + span, range.toMs) };
    const first = await firstPage(listing, window, signal);
    const fitting =
      first.next === undefined ? undefined : fittingSpan(window.toMs - fromMs, first.records.map(startOf));
    if (fitting !== undefined) {
      span = fitting;
      continue;
    }
    span = nextSpan(span, yield* windowOf(listing, first, signal));
    fromMs = window.toMs;
  }
}

/** One listing under way. */
interface Listing extends ListingWorld {
  readonly selection: Selection;
  readonly wanted: (record: Json) => boolean;
  level: Level;
  /** Number of the next record. */
  line: number;
}

/** The records of one window from its first page on; returns how many the server had. */
async function* windowOf(listing: Listing, first: Page, signal: AbortSignal): AsyncGenerator<RowBatch, number> {
  let held: Json[] = [];
  let records = 0;
  let page = first;
  for (let pages = 1; ; pages++) {
    records += page.records.length;
    for (const record of page.records) if (listing.wanted(record)) held.push(record);
    if (page.next === undefined) break;
    if (held.length >= mostHeld) {
      yield* batches(held, listing);
      held = [];
    }
    if (pages === mostPages) throw endless();
    const { next } = page;
    page = await readPage(listing, next, signal);
    if (page.next === next) throw endless();
  }
  yield* batches(held, listing);
  return records;
}

/** A window's first page; from the user's own log once the company's is refused. */
async function firstPage(listing: Listing, window: Range, signal: AbortSignal): Promise<Page> {
  const query = queryOf(listing.selection, window);
  try {
    return await readPage(listing, logUrl(listing, query), signal);
  } catch (error) {
    if (!(error instanceof RecordingError) || error.code !== "forbidden") throw error;
    if (listing.level === "extension") throw refusedRole(error.body);
    const message = `${error.message} Listing this user's own calls only.`;
    listing.context.report({ event: "notice", level: "warning", message });
    listing.level = "extension";
    return firstPage(listing, window, signal);
  }
}

function readPage({ api, settings }: Listing, url: string, signal: AbortSignal): Promise<Page> {
  return api.get("call-log", url, (answer) => pageOf(answer, settings), signal);
}

function pageOf(answer: Json, settings: RingCentralSettings): Page {
  const { records, navigation } = answer;
  if (!Array.isArray(records)) {
    throw new RecordingError("bad-answer", "A page of RingCentral's call log holds no records.", { verdict: "retry" });
  }
  const uri = (navigation as { nextPage?: { uri?: unknown } } | null | undefined)?.nextPage?.uri;
  return {
    records: records.filter((record) => typeof record === "object" && record !== null) as Json[],
    next: typeof uri === "string" && uri !== "" ? pageUrl(uri, settings) : undefined,
  };
}

/** The next page on our own API host, whatever host its address names: the token goes nowhere else. */
function pageUrl(uri: string, settings: RingCentralSettings): string {
  const url = URL.canParse(uri, settings.server) ? new URL(uri, settings.server) : undefined;
  if (url === undefined || !url.pathname.startsWith("/restapi/")) {
    throw new RecordingError("bad-answer", "RingCentral's call log names a next page that is not of its API.");
  }
  return settings.server + url.pathname + url.search;
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
    return typeof record.id !== "string" || isNew(seen, record.id);
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
  held.sort((one, other) => (startOf(one) || 0) - (startOf(other) || 0));
  for (let at = 0; at < held.length; at += rowsPerBatch) {
    const rows = held.slice(at, at + rowsPerBatch).map((fields): Row => {
      return { fields, file: "call-log", line: listing.line++ };
    });
    yield { rows };
  }
}

/** Milliseconds; a record without a readable start is kept, as if it were among those asked for. */
function startOf(record: Json): number {
  return typeof record.startTime === "string" ? Date.parse(record.startTime) : Number.NaN;
}

function digits(number: string): string {
  return number.replace(/\D/g, "");
}

function endless(): RecordingError {
  return new RecordingError("bad-answer", "RingCentral's call log names one page after another without end.");
}
