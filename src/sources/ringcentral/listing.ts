import { RecordingError } from "../../core/errors.ts";
import type { Selection } from "../../core/ports.ts";
import type { Row, RowBatch } from "../../core/recording.ts";
import type { Api, Json } from "./api.ts";
import { refusedRole } from "./refusals.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";
import { listingRange, mostHeld, nextSpan, type Range } from "./windows.ts";

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
  const wanted = recordFilter(selection, range);
  let level: Level = "account";
  let span = nextSpan(undefined, 0);
  let line = 1;
  const sorted = function* (held: Json[]): Generator<RowBatch> {
    for (const batch of batches(held, line)) {
      line += batch.rows.length;
      yield batch;
    }
  };

  for (let fromMs = range.fromMs; fromMs < range.toMs; ) {
    const window = { fromMs, toMs: Math.min(fromMs + span, range.toMs) };
    const query = queryOf(selection, window);
    let held: Json[] = [];
    let records = 0;
    let url: string | undefined = firstPage(world.settings, level, query);
    for (let pages = 1; url !== undefined; pages++) {
      const page: Page | undefined = await readPage(world, level, url, signal);
      if (page === undefined) {
        level = "extension";
        url = firstPage(world.settings, level, query);
        continue;
      }
      records += page.records.length;
      held.push(...page.records.filter(wanted));
      if (held.length >= mostHeld) yield* sorted(held.splice(0));
      if (page.next === url || pages === mostPages) throw endless();
      url = page.next;
    }
    yield* sorted(held);
    held = [];
    span = nextSpan(span, records);
    fromMs = window.toMs;
  }
}

/** One page; undefined when the user may not read the company's log, which sends the listing to the user's own. */
async function readPage(
  world: ListingWorld,
  level: Level,
  url: string,
  signal: AbortSignal,
): Promise<Page | undefined> {
  try {
    return await world.api.get("call-log", url, (answer) => pageOf(answer, world.settings), signal);
  } catch (error) {
    if (!(error instanceof RecordingError) || error.code !== "forbidden") throw error;
    if (level === "extension") throw refusedRole(error.body);
    world.context.report({
      event: "notice",
      level: "warning",
      message: `${error.message} Listing this user's own calls only.`,
    });
    return undefined;
  }
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

function firstPage(settings: RingCentralSettings, level: Level, query: URLSearchParams): string {
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

function* batches(held: Json[], firstLine: number): Generator<RowBatch> {
  held.sort((one, other) => (startOf(one) || 0) - (startOf(other) || 0));
  for (let at = 0; at < held.length; at += rowsPerBatch) {
    const rows = held.slice(at, at + rowsPerBatch).map((fields, index): Row => {
      return { fields, file: "call-log", line: firstLine + at + index };
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
