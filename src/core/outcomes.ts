import { asRecordingError, type ErrorCode, RecordingError } from "./errors.ts";
import type { DownloadEvent } from "./events.ts";
import type { Halt } from "./halt.ts";
import type { Ledger } from "./ports.ts";
import type { RecordingKey, RecordingRef, Stored } from "./recording.ts";

/** What becomes of claimed recordings: told to the ledger first, then to whoever listens. */
export interface Outcomes {
  done(ref: RecordingRef, stored: Stored, ms: number): Promise<void>;
  /** Found in place, though the ledger did not know. */
  adopted(ref: RecordingRef, stored: Stored): Promise<void>;
  /** Failed, or given back when the error ends the run for all. Never throws. */
  failed(ref: RecordingRef, error: RecordingError): Promise<void>;
  /** Given back untouched, for the run ends. Never throws. */
  released(ref: RecordingRef): Promise<void>;
  /** An earlier run found that it is not at the source any more, and a person has asked for it by name. */
  notFound(ref: RecordingRef, reason: string): void;
}

export interface OutcomeContext {
  readonly ledger: Ledger;
  readonly plan: { readonly named: ReadonlySet<RecordingKey>; readonly failFast: boolean };
  readonly halt: Halt;
  readonly tell: (event: DownloadEvent) => void;
}

/** So many recordings in a row that reached nobody end the run: the source is down, not the recording. */
const unreachableLimit = 10;

export function openOutcomes({ ledger, plan, halt, tell }: OutcomeContext): Outcomes {
  let unreachableInARow = 0;

  function haltAfter(error: RecordingError): void {
    unreachableInARow = error.code === "unreachable" ? unreachableInARow + 1 : 0;
    const stop = (code: ErrorCode, message: string) => halt.because(new RecordingError(code, message));
    if (plan.failFast) stop(error.code, `Stopped by --fail-fast: ${error.message}`);
    else if (unreachableInARow >= unreachableLimit) {
      stop("unreachable", `Stopped: ${unreachableLimit} recordings in a row reached nobody. ${error.message}`);
    }
  }

  async function recordFailed(ref: RecordingRef, error: RecordingError): Promise<void> {
    if (error.verdict === "stop") {
      halt.because(error);
      return ledger.release(ref.key);
    }
    await ledger.failed(ref, error);
    const missing = error.code === "gone" || error.code === "no-recording";
    const code = missing && plan.named.has(ref.key) ? "not-found" : error.code;
    tell({ event: "recording-failed", code, message: error.message, ...ref });
    haltAfter(error);
  }

  const haltWith = (thrown: unknown) => halt.because(asRecordingError(thrown));

  return {
    async done(ref, stored, ms) {
      await ledger.done(ref, stored);
      unreachableInARow = 0;
      const { path, bytes, sha256, contentType } = stored;
      const { key, call } = ref;
      tell({ event: "recording-done", key, path, bytes, sha256, contentType, ms: Math.round(ms), call });
    },
    async adopted(ref, stored) {
      await ledger.done(ref, stored);
      tell({ event: "recording-skipped", key: ref.key, reason: "done", path: stored.path, call: ref.call });
    },
    failed: (ref, error) => recordFailed(ref, error).catch(haltWith),
    released: (ref) => ledger.release(ref.key).catch(haltWith),
    notFound(ref, reason) {
      const message = `${ref.key} is not at the source any more (${reason}), as an earlier run found.`;
      tell({ event: "recording-failed", code: "not-found", message, ...ref });
    },
  };
}
