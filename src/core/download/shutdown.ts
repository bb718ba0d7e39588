/*
 * First Ctrl-C gives running transfers five seconds, then cuts them; what they have is kept to continue from.
 */

import { asRecordingError, RecordingError } from "../model/errors.ts";
import type { Clock } from "../model/ports.ts";

/** How a run ends early: first nothing new is started, then what still runs is aborted. */
export interface Shutdown {
  /** Aborted: start nothing, end every wait. */
  readonly stop: AbortSignal;
  /** Aborted: running transfers end at once. */
  readonly abort: AbortSignal;
  /** What ended the run; the first reason stays. */
  readonly reason: RecordingError | undefined;
  because(reason: RecordingError): void;
  close(): void;
}

/** How long transfers in flight may go on after the run was asked to stop; what they have by then is kept to continue from. */
const graceMs = 5_000;

export function openShutdown(
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
  clock: Clock,
  durationMs: number | undefined,
): Shutdown {
  const stop = new AbortController();
  const abort = new AbortController();
  const closed = new AbortController();
  let reason: RecordingError | undefined;

  const because = (error: RecordingError) => {
    if (reason !== undefined) return;
    reason = error;
    stop.abort(interrupted());
    clock.sleep(graceMs, closed.signal).then(
      () => abort.abort(interrupted()),
      () => {},
    );
  };
  const onStop = () => because(asRecordingError(signals.stop.reason));
  const onAbort = () => {
    because(asRecordingError(signals.abort.reason));
    abort.abort(interrupted());
  };
  if (signals.stop.aborted) onStop();
  if (signals.abort.aborted) onAbort();
  signals.stop.addEventListener("abort", onStop);
  signals.abort.addEventListener("abort", onAbort);
  if (durationMs !== undefined) {
    clock.sleep(durationMs, closed.signal).then(
      () =>
        because(
          new RecordingError("cap-reached", "Stopped at --max-duration; run the same command again to continue."),
        ),
      () => {},
    );
  }
  return {
    stop: stop.signal,
    abort: abort.signal,
    get reason() {
      return reason;
    },
    because,
    close() {
      signals.stop.removeEventListener("abort", onStop);
      signals.abort.removeEventListener("abort", onAbort);
      closed.abort();
    },
  };
}

/** What waits and transfers of the other recordings end with: they did not fail, the run left them. */
function interrupted(): RecordingError {
  return new RecordingError("interrupted", "The run ended before this recording was complete.");
}
