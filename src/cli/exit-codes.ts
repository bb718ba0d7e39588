import type { ErrorCode } from "../core/model/errors.ts";
import type { Summary } from "../core/model/events.ts";

/** The one table of exit codes: what ended the program, by error code. Codes that are absent mean a failed recording (3). */
const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  bug: 1,
  usage: 2,
  "bad-rows": 2,
  "not-found": 4,
  unreachable: 5,
  tls: 5,
  timeout: 5,
  reset: 5,
  "server-error": 5,
  "rate-limited": 5,
  "http-error": 5,
  "bad-answer": 5,
  differences: 6,
  "login-refused": 7,
  "permission-refused": 7,
  "cap-reached": 8,
  locked: 11,
  "disk-full": 13,
  "disk-denied": 13,
  "disk-read-only": 13,
  "disk-io": 13,
  "name-too-long": 13,
  "too-many-files": 13,
  "unsafe-path": 13,
  ledger: 13,
  interrupted: 130,
  "reader-gone": 141,
};

/** What may ask the program to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

const signalCodes: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Where several apply, the earlier one wins. */
const precedence = [141, 129, 130, 143, 13, 7, 2, 3, 4, 6, 5, 8, 11, 1, 0];

/** The exit code of an error that ended the program. */
export function exitCodeOf(code: ErrorCode, signal?: StopSignal): number {
  if (code === "interrupted" && signal !== undefined) return signalCodes[signal];
  return exitCodes[code] ?? 3;
}

/** The exit code of a download: what ended it early, what failed, what was missing. */
export function exitCodeOfRun(summary: Summary, signal?: StopSignal): number {
  const codes = [0];
  if (summary.stoppedBy !== undefined) codes.push(exitCodeOf(summary.stoppedBy.code, signal));
  if (summary.rejected > 0) codes.push(2);
  codes.push(...incompleteCodes(summary.incomplete));
  if ((summary.hooksFailed ?? 0) > 0) codes.push(3);
  const uncertain = ["claimed", "unproven", "past-usual-retention", "unknown-start", "unknown-field"];
  if (uncertain.some((reason) => (summary.reasons[reason] ?? 0) > 0)) codes.push(3);
  if (summary.failed > 0) codes.push(...failureCodes(summary));
  return worst(codes);
}

/** What parts that could not be had mean for a run or a list that went on without them. */
export function incompleteCodes(incomplete: Iterable<ErrorCode> = []): number[] {
  return [...incomplete].map((code) => exitCodeOf(code));
}

function failureCodes({ reasons, failed, done, stoppedBy }: Summary): number[] {
  const missing = reasons["not-found"] ?? 0;
  const unreached = reasons.unreachable ?? 0;
  const codes = missing > 0 ? [4] : [];
  const reachedNobody = unreached > 0 && unreached === failed - missing && done === 0;
  const wrongPlace = stoppedBy?.code === "http-error" && done === 0;
  if (failed > missing) codes.push(reachedNobody || wrongPlace ? 5 : 3);
  return codes;
}

/** The code that wins by precedence. */
export function worst(codes: readonly number[]): number {
  const rank = (code: number) => precedence.indexOf(code);
  return codes.reduce((a, b) => (rank(b) < rank(a) ? b : a), 0);
}
