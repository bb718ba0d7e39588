import type { Clock } from "../../../core/model/ports.ts";
import type { ResponseHead } from "../../../core/model/recording.ts";
import { serverMs } from "../../../core/model/response-headers.ts";

/** RingCentral's own clock, as its answers tell it: what was listed is measured by it, and never by this machine's. */
export interface ServerClock {
  /** Learns from an answer's `Date`; one that a cache kept tells nothing. */
  heard(head: ResponseHead): void;
  /** Milliseconds since 1970, never ahead of RingCentral's; undefined while no answer has told. */
  now(): number | undefined;
}

export function openServerClock(clock: Clock): ServerClock {
  let last: { readonly dateMs: number; readonly at: number } | undefined;
  return {
    heard(head) {
      const dateMs = Number(head.headers.age ?? 0) > 0 ? undefined : serverMs(head);
      if (dateMs !== undefined) last = { dateMs, at: clock.monotonic() };
    },
    now: () => (last === undefined ? undefined : Math.floor(last.dateMs + (clock.monotonic() - last.at))),
  };
}
