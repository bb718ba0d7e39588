import type { Invocation } from "../../cli/io.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import type { Archive, LedgerEntry } from "../../core/model/ledger.ts";
import type { RecordingKey } from "../../core/model/recording.ts";
import { isHeld } from "../../maintenance/transcripts.ts";
import { lacksInsights, openInsights } from "../insights.ts";
import type { SourceSet } from "../sources.ts";
import type { Voice } from "./voice.ts";

/** A licence or a role may be given meanwhile. */
const refusedPauseMs = 24 * 60 * 60_000;
const failedPauseMs = 10 * 60_000;

/** Insights that a watch asks for after its looks: of what is new, and of what had none before. */
export interface WatchedInsights {
  /** Recordings that a look has met, as the ledger knows them. */
  seen(entries: readonly (LedgerEntry | undefined)[]): void;
  hear(event: DownloadEvent): void;
  /** Asks for those that are due. Failures are told, and keep nothing from going on. */
  fetch(sources: SourceSet, ledger: Archive): Promise<void>;
}

export function openWatchedInsights(
  invocation: Invocation,
  voice: Pick<Voice, "show" | "reporter">,
  hear: (event: DownloadEvent) => void,
): WatchedInsights {
  const { settings, io } = invocation;
  const wanted = new Set<RecordingKey>();
  let restsUntil = Number.NEGATIVE_INFINITY;
  const isAsking = () => settings.insights === true && io.clock.monotonic() >= restsUntil;

  const report = (event: DownloadEvent) => {
    hear(event);
    voice.show(event);
    voice.reporter.report(event);
  };

  return {
    seen(entries) {
      if (!isAsking()) return;
      for (const entry of entries) if (isHeld(entry) && lacksInsights(entry)) wanted.add(entry.ref.key);
    },
    hear(event) {
      if (isAsking() && event.event === "recording-done") wanted.add(event.key);
    },
    async fetch({ sources }, ledger) {
      if (wanted.size === 0) return;
      const { insights: source, login } = sources.get("ringcentral") ?? {};
      const insights = openInsights(invocation, { source, login, ledger, report, settled: async () => {} });
      for (const key of wanted) insights.want(key);
      wanted.clear();
      const failed = await insights.fetch();
      const pauseMs = insights.isRefused ? refusedPauseMs : failed.length > 0 ? failedPauseMs : 0;
      restsUntil = io.clock.monotonic() + pauseMs;
    },
  };
}
