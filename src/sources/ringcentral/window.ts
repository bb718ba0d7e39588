import { RecordingError } from "../../core/errors.ts";
import type { Json } from "./api.ts";
import { type Asked, type Page, recordKey } from "./pages.ts";

/** Where a window's pages come from. */
export type Ask = (asked: Asked) => Promise<Page>;

/** A window's first page, where it stands, and the pages seen so far. */
export interface WindowStart {
  readonly url: string;
  readonly page: Page;
  readonly pages: Set<string>;
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
  let first = start;
  for (let reading = 1; ; reading++) {
    const agreed = yield* readingOf(first, ask);
    if (agreed) return;
    if (reading === mostReadings) throw disagreement();
    const pages = new Set<string>();
    first = { url: start.url, page: await ask({ url: start.url, pages, probing: false }), pages };
  }
}

/** One reading from the first page to the last; whether it came to what the pages said. */
async function* readingOf({ url, page: first, pages }: WindowStart, ask: Ask): AsyncGenerator<Page, boolean> {
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
    if (asked.has(next) || asked.size === mostPages) throw endless();
    asked.add(next);
    page = await ask({ url: next, pages, probing });
  }
}

/** When a record's call began, in milliseconds; a time without zone is UTC, and NaN stands for none that can be read. */
export function startOf(record: Json): number {
  const text = record.startTime;
  if (typeof text !== "string") return Number.NaN;
  return Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
}

function endless(): RecordingError {
  return new RecordingError("bad-answer", "RingCentral's call log names one page after another without end.");
}

function disagreement(): RecordingError {
  const message = `RingCentral's call log gives fewer calls than it says it has, or changes while it is read (tried ${mostReadings} times). Run again later.`;
  return new RecordingError("bad-answer", message);
}
