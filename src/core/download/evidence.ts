import { momentText } from "../local-time.ts";
import { RecordingError } from "../model/errors.ts";
import type { Ledger, LedgerEntry } from "../model/ledger.ts";
import type { Call, RecordingRef } from "../model/recording.ts";
import { serverMs } from "../model/response-headers.ts";
import { isInstant } from "../selection.ts";

/** Every way in which a source says that a recording cannot be had. */
export const absences = ["gone", "no-recording", "forbidden"] as const;

export type Absence = (typeof absences)[number];

/** Who said, how often and when, that a recording cannot be had. Times are milliseconds since 1970. */
export interface Evidence {
  readonly says: Absence;
  /** The address that said it last: a host, with what else tells it from others. */
  readonly by: string;
  /** Answers in a row that said the same. */
  readonly times: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Said at least twice a day apart (but for `forbidden`), or when the call was older than its source keeps recordings. */
  readonly proven: boolean;
  /** When it was said last, by the clock of this machine. */
  readonly askedMs: number;
  /** How long after that it is not asked again by itself; absent once nothing more can come. */
  readonly waitMs?: number;
}

/** An answer that says that a recording cannot be had. */
export interface Word {
  readonly says: Absence;
  readonly by: string;
  readonly call: Call;
  readonly localMs: number;
  /** The answer's own date, where it has one. */
  readonly serverMs?: number;
  /** How many days the source keeps recordings, where that is known. */
  readonly retentionDays?: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Less than a day by an hour, so that a nightly run may begin a little earlier than the night before. */
const apartMs = dayMs - hourMs;
/** How long after the first, second … answer it is asked again. */
const waits = [hourMs, 6 * hourMs, dayMs, 3 * dayMs] as const;
const longestWaitMs = 7 * dayMs;
/** A recording that is missing may still come until its call has ended this long ago. */
const youngMs = 4 * hourMs;
/** No call of unknown length lasts longer. */
const longestCallMs = dayMs;
/** No zone is further from UTC. */
const zoneMs = 14 * hourMs;

/**
 * What is known after one more answer. Two clocks tell its time, ours and the server's, and the one that proves less is
 * believed: a clock that jumps does not put a day between two answers of one minute.
 */
export function weigh(before: Evidence | undefined, word: Word): Evidence {
  const { says, by, call, localMs, retentionDays } = word;
  const clocks = [localMs, word.serverMs ?? localMs];
  const [earliest, latest] = [Math.min(...clocks), Math.max(...clocks)];
  const known = before !== undefined && before.says === says && earliest >= before.firstMs ? before : undefined;
  const firstMs = known?.firstMs ?? latest;
  const lastMs = known === undefined ? latest : earliest;
  const expired = retentionDays !== undefined && earliest >= (endMs(call) ?? Infinity) + retentionDays * dayMs;
  const isRepeated = lastMs - firstMs >= apartMs;
  // A refusal speaks of who asks: a role that was lost may come back as long as the source keeps the recording.
  const proven = expired || (isRepeated && says !== "forbidden");
  const times = (known?.times ?? 0) + 1;
  const wait = expired ? undefined : waitAfter(times, isRepeated || isOld(call, earliest));
  return {
    says,
    by,
    times,
    firstMs,
    lastMs,
    proven,
    askedMs: localMs,
    ...(wait === undefined ? {} : { waitMs: wait }),
  };
}

/** What a recording of unknown or young age lacks may come at any time: every run asks. */
function waitAfter(times: number, patient: boolean): number {
  return patient ? (waits[times - 1] ?? longestWaitMs) : 0;
}

/** Whether a recording is not to be asked for by itself now. A clock that was set back asks. */
export function isQuiet({ askedMs, waitMs }: Evidence, nowMs: number): boolean {
  if (waitMs === undefined) return true;
  return nowMs >= askedMs && nowMs < askedMs + waitMs;
}

/** Whether a call ended so long ago that its recording must be there by now; false where that is not known. */
export function isOld(call: Call, nowMs: number): boolean {
  return nowMs - (endMs(call) ?? Infinity) >= youngMs;
}

/** Whether a call is known to be so young, or still going on, that its recording may yet come. */
export function isYoung(call: Call, nowMs: number): boolean {
  return nowMs - (endMs(call) ?? -Infinity) < youngMs;
}

/** The latest moment at which a call can have ended. */
function endMs({ start, duration }: Call): number | undefined {
  const startMs = Date.parse(start ?? "");
  if (Number.isNaN(startMs)) return undefined;
  const zone = isInstant(start ?? "") ? 0 : zoneMs;
  return startMs + zone + (duration === undefined ? longestCallMs : duration * 1000);
}

/** The word that a failed attempt brought, or undefined where the source itself has said nothing of the recording. */
export function wordOf(
  error: RecordingError,
  { call }: Pick<RecordingRef, "call">,
  localMs: number,
): Omit<Word, "retentionDays"> | undefined {
  const { witness, code } = error;
  if (witness === undefined || !isAbsence(code)) return undefined;
  const date = error.head === undefined ? undefined : serverMs(error.head);
  return { says: code, by: witness.by, call, localMs, ...(date === undefined ? {} : { serverMs: date }) };
}

/** Whether an error's code, or a state, says that a recording cannot be had. */
export function isAbsence(text: string): text is Absence {
  return (absences as readonly string[]).includes(text);
}

/** `RingCentral (media.example) said so 3 times from 2026-11-01 09:03:22 +01:00 to 2026-11-05 …`, for people, in `timezone`. */
export function evidenceInWords(
  { by, times, firstMs, lastMs, proven }: Evidence,
  timezone: string | undefined,
): string {
  const [first, last] = [momentText(firstMs, timezone), momentText(lastMs, timezone)];
  const when = times === 1 ? `on ${last}` : `${times} times from ${first} to ${last}`;
  return `${by} said so ${when}${proven ? "" : ", not proven yet"}`;
}

/** The ledger's note of how many days a source keeps its recordings. */
export function retentionNote(source: string): string {
  return `retention-days:${source}`;
}

/** RingCentral keeps recordings this many days unless the account says otherwise; of TIM nothing is known. */
export const usualRetentionDays: { readonly ringcentral: number; readonly tim?: number } = { ringcentral: 90 };

/** Which addresses have ever given a recording to this archive. */
export interface Yields {
  /** These have given one just now. */
  note(addresses: readonly string[]): Promise<void>;
  /**
   * What an error is worth: words that name no recording say nothing of one when they come from an address that never
   * yielded any. `fromKnown` is true for the word of an address that did.
   */
  believed(error: RecordingError): Promise<{ readonly error: RecordingError; readonly fromKnown: boolean }>;
}

/** The ledger's note that an address has given a recording. */
export function yieldNote(address: string): string {
  return `yielded:${address}`;
}

export function openYields(ledger: Pick<Ledger, "get" | "set">): Yields {
  const known = new Set<string>();

  async function isKnown(address: string): Promise<boolean> {
    if (!known.has(address) && (await ledger.get?.(yieldNote(address))) !== undefined) known.add(address);
    return known.has(address);
  }

  return {
    async note(addresses) {
      for (const address of addresses) {
        if (await isKnown(address)) continue;
        await ledger.set?.(yieldNote(address), "yes");
        known.add(address);
      }
    },
    async believed(error) {
      const { witness } = error;
      if (witness === undefined) return { error, fromKnown: false };
      const fromKnown = await isKnown(witness.by);
      return { error: fromKnown || witness.explicit ? error : unbelieved(error, witness.by), fromKnown };
    },
  };
}

function unbelieved(error: RecordingError, address: string): RecordingError {
  const { head, message } = error;
  const code = error.code === "forbidden" ? "forbidden" : "bad-answer";
  const doubt = `No recording has come from ${address} yet, so this proves nothing; it will be asked again.`;
  return new RecordingError(code, `${message} ${doubt}`, { ...(head === undefined ? {} : { head }), cause: error });
}

/** Held, purged, or proven to be unobtainable: nothing is fetched for it. */
export function isSettled(entry: LedgerEntry | undefined): boolean {
  return entry?.state === "done" || entry?.state === "purged" || entry?.evidence?.proven === true;
}
