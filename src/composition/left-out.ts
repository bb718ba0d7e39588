import { exitCodeOf, incompleteCodes, worst } from "../cli/exit-codes.ts";
import type { Io } from "../cli/io.ts";
import type { ErrorCode } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import { isUncertain } from "../core/selection.ts";
import { formatNumberOf } from "../core/text.ts";

/** What a list of recordings lacks for want of rows that can be read; what was left out by wish does not count. */
export interface LeftOut {
  hear(event: DownloadEvent): void;
  /** Rows that could not be read at all. */
  readonly rejected: number;
  /** Whether whole parts are missing that could not be listed. */
  readonly incomplete: boolean;
  /** Recordings whose rows do not tell whether they are selected. */
  readonly uncertain: number;
  /** Says how many recordings are missing from the list, if any. */
  tell(io: Pick<Io, "stderr">): void;
  exitCode(): number;
}

export function openLeftOut(): LeftOut {
  let [rejected, uncertain] = [0, 0];
  const incomplete = new Set<ErrorCode>();
  return {
    hear(event) {
      if (event.event === "row-rejected") rejected += 1;
      if (event.event === "incomplete") incomplete.add(event.code);
      if (event.event === "recording-skipped" && isUncertain(event.reason)) uncertain += 1;
    },
    get rejected() {
      return rejected;
    },
    get incomplete() {
      return incomplete.size > 0;
    },
    get uncertain() {
      return uncertain;
    },
    tell({ stderr }) {
      if (uncertain === 0) return;
      stderr.write(
        `${formatNumberOf(uncertain, "recording")} left out: their rows do not say whether they are selected (for unreadable starts use --row-dates, for unknown columns --map).\n`,
      );
    },
    exitCode() {
      const ofRows = rejected > 0 ? exitCodeOf("bad-rows") : uncertain > 0 ? 3 : 0;
      return worst([ofRows, ...incompleteCodes(incomplete)]);
    },
  };
}
