import type { Invocation } from "../cli/io.ts";
import { insightsDueMs } from "../core/insights.ts";
import { asRecordingError, type ErrorCode } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { InsightsSource } from "../core/model/ports.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import { formatCount, formatNumberOf } from "../core/text.ts";
import { insightsNameOf } from "../core/transcripts/names.ts";
import { type Held, isHeld } from "../maintenance/transcripts.ts";
import { type InsightsService, openInsightsService } from "./insights-service.ts";
import { fetchInto, openTextPlace } from "./text-places.ts";

/** What RingSense says of calls: it comes beside their audio, after the recordings, and changes nothing about them. */
export interface Insights {
  /** Hears which recordings are held. */
  hear(event: DownloadEvent): void;
  want(key: RecordingKey): void;
  /** Fetches those that the archive lacks and that are due; gives the codes of what could not be had, each of which was told. */
  fetch(): Promise<readonly ErrorCode[]>;
  /** Whether the source refuses all of them. */
  readonly isRefused: boolean;
}

export interface InsightsParts {
  /** Undefined where nobody asked for insights. */
  readonly source: InsightsSource | undefined;
  /** Whose account it is, in a name that tells logins apart. */
  readonly login?: string | undefined;
  readonly ledger: Archive;
  readonly report: (event: DownloadEvent) => void;
  /** Resolves once no command is at work beside the audio. */
  readonly settled: () => Promise<unknown>;
  /** How many milliseconds there are left; undefined where nothing limits them. */
  readonly timeLeft?: (() => number | undefined) | undefined;
}

const pageSize = 256;
/** So many are asked about within a minute or so. */
const fewKeys = 50;
/** So many failures in a row are no accident of single recordings. */
const mostFailures = 3;

export function openInsights({ settings, io }: Invocation, parts: InsightsParts): Insights {
  const { source, login, ledger, report, settled, timeLeft } = parts;
  const place = openTextPlace(settings, io, ledger);
  const wanted = new Set<RecordingKey>();
  const codes: ErrorCode[] = [];
  let [written, failures, unknown] = [0, 0, 0];
  let isRefused = false;

  const notice = (level: "info" | "warning", message: string) => report({ event: "notice", level, message });

  /** Whether more is to be asked for. */
  async function fetchOne(entry: Held, service: InsightsService): Promise<boolean> {
    const { key, call } = entry.ref;
    try {
      const found = await (source as InsightsSource).of(entry.ref, io.stop);
      failures = 0;
      if (found === "no-service") {
        unknown += 1;
        await noteAsked(key);
        await service.unknown(Date.parse(call.start ?? ""));
        return service.most > 0;
      }
      await service.known();
      if (found === "not-there") {
        await noteAsked(key);
        return true;
      }
      const text = { path: insightsNameOf(entry.stored.path), bytes: found };
      if (await place.keep(entry, text)) written += 1;
      else await noteAsked(key);
      return true;
    } catch (thrown) {
      io.stop.throwIfAborted();
      return failed(key, thrown);
    }
  }

  /** What has none is not asked about each time. */
  const noteAsked = (key: RecordingKey) => ledger.set(noteOf(key), String(io.clock.now()));

  function refused(why: string): void {
    isRefused = true;
    notice("warning", `${why} No more of them are asked for now; recordings come all the same.`);
  }

  /** A login that may not read insights is told so once: the recordings are whole all the same. */
  function failed(key: RecordingKey, thrown: unknown): boolean {
    const { code, message, verdict } = asRecordingError(thrown);
    if (code === "bug") throw thrown;
    if (code === "forbidden") {
      refused(message);
      return false;
    }
    report({ event: "incomplete", what: `Insights of ${key}`, code, message });
    codes.push(code);
    failures += 1;
    return verdict !== "stop" && failures < mostFailures;
  }

  async function isDue({ ref }: Held): Promise<boolean> {
    const askedMs = Number(await ledger.get(noteOf(ref.key)));
    if (!(askedMs > 0) || askedMs > io.clock.now()) return true;
    return io.clock.now() >= insightsDueMs(askedMs, Date.parse(ref.call.start ?? ""));
  }

  async function fetchPage(keys: readonly RecordingKey[], service: InsightsService): Promise<boolean> {
    for (const entry of await ledger.entriesOf(keys)) {
      io.stop.throwIfAborted();
      if (!isHeld(entry) || !lacksInsights(entry) || !(await isDue(entry))) continue;
      if ((timeLeft?.() ?? 1) <= 0) return outOfTime();
      if (!(await fetchOne(entry, service))) return false;
    }
    return true;
  }

  function outOfTime(): boolean {
    notice("info", "Stopped at --max-duration before all insights were asked for; the next run goes on.");
    codes.push("cap-reached");
    return false;
  }

  async function fetchAll(): Promise<void> {
    const service = await openInsightsService(ledger, login, io.clock, settings.timezone);
    if (service.most > 0) await fetchWanted(service);
    const doubt = service.inWords();
    if (doubt === undefined || isRefused) return;
    if (service.most < Number.POSITIVE_INFINITY) refused(doubt);
    else if (unknown > 0) notice("warning", doubt);
  }

  async function fetchWanted(service: InsightsService): Promise<void> {
    const keys = [...wanted];
    const all = formatNumberOf(keys.length, "recording");
    if (keys.length > fewKeys)
      notice("info", `Looking for the insights of ${all}: a request for each that has none yet.`);
    for (let at = 0; at < keys.length; at += pageSize) {
      if (at > 0) notice("info", `Insights: ${formatCount(at)} of ${all} so far.`);
      if (!(await fetchPage(keys.slice(at, at + pageSize), service))) return;
    }
  }

  const want = (key: RecordingKey) => void (isOfCall(key) && wanted.add(key));

  return {
    hear(event) {
      if (source === undefined) return;
      if (event.event === "recording-done") want(event.key);
      if (event.event === "recording-skipped" && event.key !== undefined && isHeldBy(event.reason)) want(event.key);
    },
    want,
    get isRefused() {
      return isRefused;
    },
    async fetch() {
      if (wanted.size === 0 || source === undefined) return codes;
      await settled();
      await fetchInto(place, fetchAll, io, codes);
      wanted.clear();
      if (written > 0) notice("info", `Insights of ${formatNumberOf(written, "recording")} are beside the audio.`);
      return codes;
    },
  };
}

/** What is remembered of insights that were not there: when they were asked for last. */
function noteOf(key: RecordingKey): string {
  return `insights-asked:${key}`;
}

/** Not of voicemail, which RingSense does not hear. */
function isOfCall(key: RecordingKey): boolean {
  return /^ringcentral\/\d+$/.test(key);
}

function isHeldBy(reason: string): boolean {
  return reason === "done" || reason === "held";
}

/** Whether nothing of RingSense's stands beside a recording that is held. */
export function lacksInsights({ stored, transcripts = [] }: Held): boolean {
  return transcripts.every(({ path }) => path !== insightsNameOf(stored.path));
}
