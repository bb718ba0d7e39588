import type { Invocation } from "../command.ts";
import type { DownloadEvent } from "../core/events.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "../core/format.ts";
import type { Ledger, LedgerEntry, Selection } from "../core/ports.ts";
import { isUncertain } from "../core/select.ts";
import type { Work } from "../core/work.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { openGlance } from "./glance.ts";
import { ratePerMinute, type SourceSet } from "./source-set.ts";
import { wireWork } from "./work.ts";

/**
 * `--dry-run`: how many recordings, how much audio and how long it would take, as sentences or as one event; fetches and
 * records nothing, and needs no lock.
 */
export async function survey(
  invocation: Invocation,
  sources: SourceSet,
  selection: Selection,
  report: (event: DownloadEvent) => void,
): Promise<number> {
  const { io, settings } = invocation;
  const glance = await openGlance(settings, io);
  try {
    const begun = io.clock.monotonic();
    const { work } = await wireWork(invocation, sources, selection, glance.notes);
    const found = await countOf(work, glance.notes, report);
    const listingMs = Math.round(io.clock.monotonic() - begun);
    const rate = ratePerMinute(sources);
    const ms = rate === undefined ? undefined : listingMs + Math.round((found.wanted / rate) * 60_000);
    io.stdout.write(
      settings.json ? eventOf(found, listingMs, ms, io.clock.now()) : sentencesOf(found, listingMs, ms, rate),
    );
    return found.rejected > 0 ? exitCodeOf("bad-rows") : found.undated > 0 ? 3 : 0;
  } finally {
    await glance.close();
  }
}

interface Found {
  wanted: number;
  settled: number;
  seconds: number;
  otherRows: number;
  rejected: number;
  undated: number;
  pastRetention: number;
}

async function countOf(
  work: AsyncIterable<Work>,
  ledger: Pick<Ledger, "entriesOf">,
  report: (event: DownloadEvent) => void,
): Promise<Found> {
  const found: Found = { wanted: 0, settled: 0, seconds: 0, otherRows: 0, rejected: 0, undated: 0, pastRetention: 0 };
  const seen = new Set<string>();
  for await (const { refs, events } of work) {
    for (const event of events) countEvent(found, event, report);
    const fresh = refs.filter(({ key }) => !seen.has(key) && seen.add(key));
    const entries = (await ledger.entriesOf?.(fresh.map(({ key }) => key))) ?? [];
    for (const [at, ref] of fresh.entries()) {
      if (isSettled(entries[at])) found.settled += 1;
      else {
        found.wanted += 1;
        found.seconds += ref.call.duration ?? 0;
      }
    }
  }
  return found;
}

function countEvent(found: Found, event: DownloadEvent, report: (event: DownloadEvent) => void): void {
  if (event.event === "row-rejected") found.rejected += 1;
  if (event.event === "row-rejected" || event.event === "notice") report(event);
  if (event.event !== "recording-skipped") return;
  if (isUncertain(event.reason)) found.undated += 1;
  const past = event.reason === "past-retention" || event.reason === "past-usual-retention";
  found[past ? "pastRetention" : "otherRows"] += 1;
}

/** Held, purged, or proven to be unobtainable. */
function isSettled(entry: LedgerEntry | undefined): boolean {
  return entry?.state === "done" || entry?.state === "purged" || entry?.evidence?.proven === true;
}

function eventOf(found: Found, listingMs: number, ms: number | undefined, nowMs: number): string {
  const { wanted: recordings, settled, otherRows: others, rejected, seconds: audioSeconds, pastRetention } = found;
  const otherRows = others + rejected;
  const counts = { recordings, settled, pastRetention, otherRows, audioSeconds };
  return `${JSON.stringify({ event: "dry-run", time: new Date(nowMs).toISOString(), ...counts, listingMs, ms })}\n`;
}

function sentencesOf(found: Found, listingMs: number, ms: number | undefined, rate: number | undefined): string {
  const { wanted, settled, otherRows, rejected, seconds, pastRetention } = found;
  const audio =
    seconds === 0 ? "" : `, ${formatDuration(seconds * 1000)} of audio (about ${formatBytes(seconds * 8000)} or less)`;
  const listing = ` (listing them takes ${formatDuration(listingMs)} of it)`;
  const time =
    rate === undefined || ms === undefined ? "" : ` ≈ ${formatDuration(ms)} at ${formatRate(rate)}${listing}`;
  const past = `${formatCount(pastRetention)} are past what the source keeps, and only asked for with --include-expired\n`;
  return [
    `${formatCount(wanted)} recordings to download${time}${audio}\n`,
    `${formatCount(settled)} are settled already; ${formatCount(otherRows + rejected)} rows have none or are filtered out\n`,
    ...(pastRetention === 0 ? [] : [past]),
  ].join("");
}
