import type { CallKind } from "./layout.ts";

/** One call, before it is written as a record. Calls are numbered from the oldest. */
export interface Call {
  readonly index: number;
  readonly kind: CallKind;
  readonly startMs: number;
  readonly durationSeconds: number;
  readonly inbound: boolean;
  /** Which of the account's extensions took part. */
  readonly extension: number;
  /** The other party's number, without plus. */
  readonly phone: string;
  /** Recordings of this call: ids of digits. */
  readonly recordings: readonly string[];
  readonly recordId: string;
  readonly sessionId: string;
  readonly telephonySessionId: string;
}

/** When the call ended. */
export function endMs(call: Call): number {
  return call.startMs + call.durationSeconds * 1_000;
}

/** A 32-bit mix of a number: cheap chance that depends on nothing but the number and the salt. */
export function mixed(value: number, salt: number): number {
  let bits = Math.imul(value ^ (value >>> 16) ^ Math.imul(salt, 0x9e3779b9), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
