import type { DownloadEvent } from "../model/events.ts";
import type { Clock } from "../model/ports.ts";
import type { RecordingRef } from "../model/recording.ts";
import { formatNumberOf } from "../text.ts";
import type { DownloadPlan } from "./download-plan.ts";
import type { Shutdown } from "./shutdown.ts";

/** Recordings that other runs hold: where the plan says so, each is asked for again until it is settled, or free because its holder gave it up or died. */
export interface Theirs {
  add(ref: RecordingRef): void;
  count(): number;
  /** Whether so many have gathered that it is time to ask for them, although there is other work. */
  areMany(): boolean;
  /** All of them, to be asked for again. */
  take(): readonly RecordingRef[];
  /** Waits a moment before they are asked for again; longer each time that `fewer` is false. Ends early when the run does. */
  wait(fewer: boolean): Promise<void>;
  /** Says of what is left that others hold it: the run ends before they have settled it. */
  tell(): void;
}

const firstWaitMs = 250;
const longestWaitMs = 2_000;
const many = 2_048;

export interface Around {
  readonly plan: Pick<DownloadPlan, "outlastsOthers">;
  readonly shutdown: Pick<Shutdown, "stop">;
  readonly clock: Clock;
  readonly tell: (event: DownloadEvent) => void;
}

export function openTheirs({ plan, shutdown, clock, tell }: Around): Theirs {
  const theirs: RecordingRef[] = [];
  let asked = 0;
  let waitMs = firstWaitMs;
  const tellAll = () => {
    for (const { key, call } of theirs.splice(0)) tell({ event: "recording-skipped", key, reason: "claimed", call });
  };
  return {
    add(ref) {
      theirs.push(ref);
      if (plan.outlastsOthers !== true) tellAll();
    },
    count: () => theirs.length,
    areMany: () => theirs.length >= Math.max(many, 2 * asked),
    take() {
      asked = theirs.length;
      return theirs.splice(0);
    },
    async wait(fewer) {
      waitMs = fewer ? firstWaitMs : Math.min(longestWaitMs, waitMs * 2);
      const reason = `${formatNumberOf(theirs.length, "recording")} that other runs are fetching`;
      tell({ event: "waiting", reason, untilMs: clock.now() + waitMs });
      await clock.sleep(waitMs, shutdown.stop).catch(() => {});
    },
    tell: tellAll,
  };
}
