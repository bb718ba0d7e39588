import type { RingCentralContext } from "./settings.ts";

const notWorthTellingMs = 5_000;

/** Waits before a request is repeated, and says until when where that is long. */
export function pause({ clock, report }: RingCentralContext, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > notWorthTellingMs) {
    report({ event: "waiting", reason: "RingCentral to be in order again", untilMs: clock.now() + ms });
  }
  return clock.sleep(ms, signal);
}
