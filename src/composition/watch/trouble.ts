import { momentText } from "../../core/local-time.ts";
import type { RecordingError } from "../../core/model/errors.ts";
import type { Clock } from "../../core/model/ports.ts";
import { formatDuration } from "../../core/text.ts";
import type { Voice } from "./voice.ts";

/** Looks that fail in a row: told when that begins, when its cause changes, each hour, and when it is over. */
export interface Trouble {
  met(error: RecordingError, againInMs: number): void;
  /** Looks work; for how many milliseconds they did not. */
  over(): number;
}

const reminderMs = 60 * 60_000;

export function openTrouble(voice: Pick<Voice, "info" | "warn">, clock: Clock, timezone: string | undefined): Trouble {
  let now: { readonly at: number; readonly since: string; code: string; toldAt: number } | undefined;
  return {
    met({ code, message }, againInMs) {
      const at = clock.monotonic();
      const isNew = now === undefined;
      now ??= { at, since: momentText(clock.now(), timezone), code: "", toldAt: at };
      if (now.code === code && at - now.toldAt < reminderMs) return;
      Object.assign(now, { code, toldAt: at });
      const since = isNew ? "" : ` It has been so since ${now.since}.`;
      voice.warn(
        `${message}${since} Looking again in ${formatDuration(againInMs)}; what comes meanwhile is fetched then.`,
      );
    },
    over() {
      if (now === undefined) return 0;
      const lasted = clock.monotonic() - now.at;
      now = undefined;
      voice.info(`The call log can be read again, after ${formatDuration(lasted)}.`);
      return lasted;
    },
  };
}
