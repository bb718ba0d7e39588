import { printable } from "../core/printable.ts";
import type { Progress } from "./progress.ts";

/** `waiting for RingCentral's budget until 14:03:12`, or undefined while nothing is waited for. */
export function waitingText(progress: Progress, redact: (text: string) => string): string | undefined {
  const waiting = progress.waiting();
  return waiting && `waiting for ${redact(printable(waiting.reason))} until ${timeOfDay(waiting.untilMs)}`;
}

/** `14:03:12` on this machine's clock. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
