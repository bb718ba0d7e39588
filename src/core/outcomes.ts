import { asRecordingError, RecordingError } from "./errors.ts";
import type { DownloadEvent } from "./events.ts";
import { evidenceInWords, isAbsence } from "./evidence.ts";
import type { Halt } from "./halt.ts";
import type { Ledger, Source } from "./ports.ts";
import type { RecordingKey, RecordingRef, SourceName, Stored } from "./recording.ts";
import { openSuspicion } from "./suspicion.ts";
import { openYields } from "./yields.ts";

/** What becomes of claimed recordings: told to the ledger first, then to whoever listens. */
export interface Outcomes {
  done(ref: RecordingRef, stored: Stored, ms: number): Promise<void>;
  /** Found in place, though the ledger did not know. */
  adopted(ref: RecordingRef, stored: Stored): Promise<void>;
  /** Failed, or given back when the error ends the run for all. Never throws. */
  failed(ref: RecordingRef, error: RecordingError): Promise<void>;
  /** Given back untouched, for the run ends. Never throws. */
  released(ref: RecordingRef): Promise<void>;
}

export interface OutcomeContext {
  readonly ledger: Ledger;
  readonly sources: ReadonlyMap<SourceName, Source>;
  readonly plan: { readonly named: ReadonlySet<RecordingKey>; readonly failFast: boolean };
  readonly halt: Halt;
  readonly tell: (event: DownloadEvent) => void;
}

export function openOutcomes({ ledger, sources, plan, halt, tell }: OutcomeContext): Outcomes {
  const yields = openYields(ledger);
  const suspicion = openSuspicion(halt);

  async function recordFailed(ref: RecordingRef, told: RecordingError): Promise<void> {
    const { error, fromKnown } = await yields.believed(told);
    if (error.verdict === "stop") {
      halt.because(error);
      return ledger.release(ref.key);
    }
    const evidence = await ledger.failed(ref, error);
    const named = plan.named.has(ref.key);
    if (isAbsence(error.code) && evidence?.proven === true && !named) {
      tell({ event: "recording-skipped", key: ref.key, reason: error.code, evidence, call: ref.call });
    } else {
      const code = named && (error.code === "gone" || error.code === "no-recording") ? "not-found" : error.code;
      const message = evidence === undefined ? error.message : `${error.message} (${evidenceInWords(evidence)}.)`;
      tell({ event: "recording-failed", code, message, ...ref });
      if (plan.failFast) halt.because(new RecordingError(error.code, `Stopped by --fail-fast: ${error.message}`));
    }
    suspicion.refused(error, fromKnown || (evidence?.times ?? 0) > 1);
  }

  const haltWith = (thrown: unknown) => halt.because(asRecordingError(thrown));

  return {
    async done(ref, stored, ms) {
      await ledger.done(ref, stored);
      suspicion.brought();
      await yields.note(sources.get(ref.source)?.addressesOf?.(ref) ?? []);
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
  };
}
