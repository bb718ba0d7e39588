import type { Invocation } from "../../cli/io.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import type { Archive, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import { formatBytes, formatNumberOf } from "../../core/text.ts";
import { openPace, type Reach } from "../../core/watch/pace.ts";
import { openSecondTries } from "../../core/watch/second-tries.ts";
import type { RequestLog } from "../../http/client.ts";
import { wireWork } from "../open-work.ts";
import { selectionOf } from "../plan.ts";
import { openSources, ratePerMinute, type SourceSet } from "../sources.ts";
import { type RunEnd, runBeside, withLedger } from "./run-beside.ts";
import type { Voice } from "./voice.ts";
import { withSettings } from "./watch-settings.ts";
import { openWatchedInsights } from "./watched-insights.ts";

/** Looks at the call log for what is new, and fetches it. */
export interface Looks extends AsyncDisposable {
  /** One look; what it came to, undefined where there was nothing to fetch. Throws what kept it from being whole. */
  look(): Promise<RunEnd | undefined>;
  /** How long after a look the next one is due. */
  pauseMs(): number;
  /** Connects anew with the next look, as after a sleep of the machine. */
  renew(): Promise<void>;
  /** The sources, as long as they are open. */
  readonly sources: SourceSet | undefined;
}

/** The shortest pause between looks unless `--every` says otherwise. */
export const usualEveryMs = 10_000;
const usualLookbackMs = 24 * 60 * 60_000;
const nearMs = 3 * 60 * 60_000;

/** `hear` is told of every event of a run: a sign of life. */
export function openLooks(invocation: Invocation, voice: Voice, hear: (event: DownloadEvent) => void): Looks {
  const { settings, io } = invocation;
  const { lookback = usualLookbackMs, every = usualEveryMs } = settings;
  const pace = openPace(every);
  const tries = openSecondTries(3 * Math.min(every, usualEveryMs));
  let sources: SourceSet | undefined;
  let requests = 0;
  const told = new Map<string, string>();
  const insights = openWatchedInsights(invocation, voice, hear);

  const logRequest = (entry: RequestLog) => {
    if (entry.url.endsWith("/call-log")) requests += 1;
    voice.reporter.logRequest(entry);
  };
  /** What the source told last holds while it is not connected. */
  let rate = 10;
  const perMinute = () => {
    rate = (sources && ratePerMinute(sources)) ?? rate;
    return rate;
  };

  async function look(): Promise<RunEnd | undefined> {
    sources ??= await openSources(invocation, { io, ...voice.reporter, logRequest });
    const opened = sources;
    return withLedger(invocation, async (ledger) => {
      const due = await findDue(opened, ledger);
      const end = due.length === 0 ? undefined : await fetchDue(due, opened, ledger);
      await insights.fetch(opened, ledger);
      return end;
    });
  }

  async function fetchDue(due: readonly RecordingRef[], opened: SourceSet, ledger: Archive): Promise<RunEnd> {
    const { retries = 1 } = settings;
    const run = withSettings(invocation, { progress: "none", retries, insights: false });
    const end = await runBeside(run, opened, ledger, { ...noMore, work: once(due) }, heard);
    if (end.summary.done > 0) {
      const message = `${formatNumberOf(end.summary.done, "new recording")} (${formatBytes(end.summary.bytes)}).`;
      voice.show({ event: "notice", level: "info", message });
    }
    return end;
  }

  /** The recordings that the call log has now and the archive has not. */
  async function findDue(opened: SourceSet, ledger: Archive): Promise<readonly RecordingRef[]> {
    const reach = pace.reach(io.clock.monotonic());
    const fresh: RecordingRef[] = [];
    const again: RecordingRef[] = [];
    requests = 0;
    for await (const refs of listed(reach, opened, ledger)) {
      const entries = await ledger.entriesOf(refs.map(({ key }) => key));
      insights.seen(entries);
      for (const [at, ref] of refs.entries()) {
        if (!isWanted(entries[at])) tries.settled(ref.key);
        else if (tries.isDue(ref.key, io.clock.monotonic())) (entries[at] === undefined ? fresh : again).push(ref);
      }
    }
    pace.looked(reach, requests, io.clock.monotonic());
    // What failed before must not keep what is new waiting for long.
    return [...fresh, ...again.slice(0, Math.max(1, Math.floor(perMinute())))];
  }

  async function* listed(reach: Reach, opened: SourceSet, ledger: Archive): AsyncIterable<readonly RecordingRef[]> {
    const seconds = Math.ceil((reach === "far" ? lookback : Math.min(lookback, nearMs)) / 1000);
    const listing = withSettings(invocation, { from: `${seconds}s`, kinds: ["calls"] });
    const selection = await selectionOf(listing.settings, io.clock.now());
    const { work } = await wireWork(listing, opened, selection, ledger);
    for await (const { refs } of work) yield refs;
  }

  function heard(event: DownloadEvent): void {
    hear(event);
    insights.hear(event);
    if (event.event === "recording-done" || event.event === "recording-skipped") {
      if (event.key !== undefined) forget(event.key);
    } else if (event.event === "recording-failed") {
      tries.failed(event.key, io.clock.monotonic());
      // That a recording is not ready yet is the usual course of things.
      if (event.code !== "not-ready" && told.get(event.key) !== event.code) voice.show(event);
      told.set(event.key, event.code);
    } else if (event.event === "notice") voice.show(event);
  }

  function forget(key: string): void {
    tries.settled(key);
    told.delete(key);
  }

  return {
    look,
    pauseMs: () => pace.pauseMs(perMinute()),
    async renew() {
      const opened = sources;
      sources = undefined;
      await opened?.[Symbol.asyncDispose]();
    },
    get sources() {
      return sources;
    },
    [Symbol.asyncDispose]: async () => sources?.[Symbol.asyncDispose](),
  };
}

/** What is not held, not given up and nobody else's just now; whether more came of what is short is for the daily round. */
function isWanted(entry: LedgerEntry | undefined): boolean {
  return entry === undefined || entry.state === "pending" || entry.state === "failed";
}

const noMore = { named: [], complete: async () => {} };

async function* once(refs: readonly RecordingRef[]) {
  yield { refs, events: [] };
}
