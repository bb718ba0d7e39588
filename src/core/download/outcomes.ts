import { asRecordingError, type ErrorCode, RecordingError } from "../model/errors.ts";
import type { DownloadEvent } from "../model/events.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Destination, LinkSource } from "../model/ports.ts";
import type { RecordingKey, RecordingRef, SourceName, Stored } from "../model/recording.ts";
import type { DownloadPlan } from "./download-plan.ts";
import { type Absence, type Evidence, evidenceInWords, isAbsence, openYields } from "./evidence.ts";
import { openFailureStreak } from "./failure-streak.ts";
import { markedIfShort, type Refetch, shortness } from "./refetch.ts";
import type { Shutdown } from "./shutdown.ts";

/** What becomes of claimed recordings: told to the ledger first, then to whoever listens. */
export interface Outcomes {
  /** `again` where it replaces another file of the recording. */
  done(ref: RecordingRef, stored: Stored, ms: number, again?: boolean): Promise<void>;
  /** Found in place, though the ledger did not know. */
  adopted(ref: RecordingRef, stored: Stored): Promise<void>;
  /** Failed, or given back when the error ends the run for all; `refetch` says what is kept instead. Never throws. */
  failed(ref: RecordingRef, error: RecordingError, refetch?: Refetch): Promise<void>;
  /** Given back untouched, for the run ends. Never throws. */
  released(ref: RecordingRef): Promise<void>;
  /** Whether this run has tried in vain to replace what the archive has of it. */
  keptAsItIs(key: RecordingKey): boolean;
}

export interface OutcomeContext {
  readonly ledger: Ledger;
  readonly destination: Pick<Destination, "withdraw">;
  readonly sources: ReadonlyMap<SourceName, LinkSource>;
  readonly plan: Pick<DownloadPlan, "named" | "failFast" | "tolerance" | "timezone">;
  readonly shutdown: Shutdown;
  readonly tell: (event: DownloadEvent) => void;
  /** Hears of recordings that others have taken over. */
  readonly taken: (ref: RecordingRef) => void;
}

export function openOutcomes({ ledger, destination, sources, plan, shutdown, tell, taken }: OutcomeContext): Outcomes {
  const yields = openYields(ledger);
  const suspicion = openFailureStreak(shutdown);
  const triedInVain = new Set<RecordingKey>();

  async function recordFailed(ref: RecordingRef, told: RecordingError, refetch?: Refetch): Promise<void> {
    if (told.code === "lost-claim") return lost(ref);
    const { error, fromKnown } = await yields.believed(told);
    if (error.verdict === "stop") {
      shutdown.because(error);
      await ledger.release(ref.key);
      return void (await withdrawPurged(ref));
    }
    const evidence = await ledger.failed(ref, error);
    if (refetch !== undefined) triedInVain.add(ref.key);
    if (refetch !== undefined && isKept(error, ref, refetch)) tellKept(ref, error, refetch);
    else if (isAbsence(error.code)) tellAbsent(ref, error, error.code, evidence);
    else tellFailed(ref, error, error.code);
    suspicion.refused(error, { fromKnown, saidBefore: (evidence?.times ?? 0) > 1 });
  }

  /** Whoever has it now says what becomes of it. */
  async function lost(ref: RecordingRef): Promise<void> {
    if (await withdrawPurged(ref)) tell({ event: "recording-skipped", key: ref.key, reason: "purged", call: ref.call });
    else taken(ref);
  }

  /** A purge is final: what came in spite of it does not stay. */
  async function withdrawPurged(ref: RecordingRef, stored?: Stored): Promise<boolean> {
    const purged = (await ledger.entry?.(ref.key))?.state === "purged";
    if (purged) await destination.withdraw?.(ref.key, stored);
    return purged;
  }

  /** A result that comes too late is no reason to end the run. */
  async function lostOrShutdown(ref: RecordingRef, thrown: unknown): Promise<void> {
    const error = asRecordingError(thrown);
    if (error.code !== "lost-claim") return shutdown.because(error);
    await lost(ref).catch((failure: unknown) => shutdown.because(asRecordingError(failure)));
  }

  async function recordDone(ref: RecordingRef, stored: Stored): Promise<void> {
    try {
      await ledger.done(ref, stored);
    } catch (thrown) {
      if (asRecordingError(thrown).code === "lost-claim") await withdrawPurged(ref, stored);
      throw thrown;
    }
  }

  function tellFailed(ref: RecordingRef, { code, message }: RecordingError, as: ErrorCode): void {
    tell({ event: "recording-failed", code: as, message, ...ref });
    if (plan.failFast) shutdown.because(new RecordingError(code, `Stopped by --fail-fast: ${message}`));
  }

  /** What is proven not to be had is no failure, unless a person named it. */
  function tellAbsent(ref: RecordingRef, error: RecordingError, says: Absence, evidence: Evidence | undefined): void {
    const named = plan.named.has(ref.key);
    if (evidence?.proven === true && !named) {
      tell({ event: "recording-skipped", key: ref.key, reason: says, evidence, call: ref.call });
      return;
    }
    const told =
      evidence === undefined ? error.message : `${error.message} (${evidenceInWords(evidence, plan.timezone)}.)`;
    tellFailed(ref, new RecordingError(says, told), named && says !== "forbidden" ? "not-found" : says);
  }

  /** The archive has it and the source has no better one: nothing failed. */
  function tellKept(ref: RecordingRef, error: RecordingError, { before, why }: Refetch): void {
    if (error.code !== "not-longer") {
      const kept = why === "short" ? `${before.path}, though short` : before.path;
      const message = `${ref.key} cannot be fetched again; the archive keeps ${kept}. ${error.message}`;
      tell({ event: "notice", level: "warning", message });
    }
    tell({ event: "recording-skipped", key: ref.key, reason: "done", path: before.path, call: ref.call });
  }

  const shutDownWith = (thrown: unknown) => shutdown.because(asRecordingError(thrown));

  return {
    async done(ref, whole, ms, again = false) {
      const stored = markedIfShort(ref, whole, plan.tolerance);
      await recordDone(ref, stored);
      suspicion.brought();
      await yields.note(sources.get(ref.source)?.addressesOf?.(ref) ?? []);
      const { path, bytes, sha256, contentType, audioSeconds } = stored;
      const { key, call } = ref;
      const notes = [stored.short && shortness(call, audioSeconds), stored.note].filter(
        (each) => typeof each === "string",
      );
      const told = { key, path, bytes, sha256, contentType, ms: Math.round(ms), call };
      const length = audioSeconds === undefined ? {} : { audioSeconds };
      const short = stored.short ? { short: true as const, ...(again && { shortAgain: true as const }) } : {};
      tell({
        event: "recording-done",
        ...told,
        ...length,
        ...short,
        ...(notes.length > 0 && { note: notes.join(". ") }),
      });
    },
    async adopted(ref, stored) {
      await recordDone(ref, markedIfShort(ref, stored, plan.tolerance));
      tell({ event: "recording-skipped", key: ref.key, reason: "done", path: stored.path, call: ref.call });
    },
    failed: (ref, error, refetch) => recordFailed(ref, error, refetch).catch((thrown) => lostOrShutdown(ref, thrown)),
    released: (ref) => ledger.release(ref.key).catch(shutDownWith),
    keptAsItIs: (key) => triedInVain.has(key),
  };
}

/** Whether the file that stands is as good as it gets. Who named it, perhaps because it is damaged, must hear that it failed. */
function isKept({ code }: RecordingError, { insist }: RecordingRef, { why }: Refetch): boolean {
  if (why === "missing" || why === "damaged" || (why === "asked" && insist === true)) return false;
  return code === "not-longer" || isAbsence(code);
}

interface Around {
  readonly destination: Pick<Destination, "remove">;
  readonly tell: (event: DownloadEvent) => void;
}

/**
 * What is left to do once a recording that was held before is safe and recorded anew: tells when it changed at its source,
 * and takes the old file away where the new one has another type and so another name.
 */
export async function settleReplaced(ref: RecordingRef, before: Stored, stored: Stored, around: Around): Promise<void> {
  if (before.sha256 !== stored.sha256) warn(changed(ref, before, stored), around);
  if (before.path === stored.path || stem(before.path) !== stem(stored.path)) return;
  try {
    await around.destination.remove?.(before.path);
  } catch (thrown) {
    const { message } = asRecordingError(thrown);
    warn(`${before.path} was replaced by ${stored.path} and could not be removed: ${message}`, around);
  }
}

/** A recording is masked or edited at its source after the fact: told, and no sign of a damaged archive. */
function changed({ key }: RecordingRef, before: Stored, stored: Stored): string {
  return `${key} changed at the source since it was fetched last, as masking does: its SHA-256 was ${before.sha256} and is ${stored.sha256}.`;
}

function warn(message: string, { tell }: Around): void {
  tell({ event: "notice", level: "warning", message });
}

function stem(path: string): string {
  return path.replace(/\.[^./]+$/, "");
}
