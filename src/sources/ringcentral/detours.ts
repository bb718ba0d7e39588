import { RecordingError } from "../../core/errors.ts";
import type { RecordingRef, ResponseHead } from "../../core/recording.ts";
import { judgeElsewhere } from "./elsewhere.ts";
import { redirectTarget } from "./media.ts";

/** Where redirects led, for each recording of which the media host sends us on. */
export interface Detours {
  /** The address to ask next; undefined to begin at RingCentral. */
  next(ref: RecordingRef): Step | undefined;
  /** Whether the last answer came from another host than RingCentral's, or by way of one. */
  isElsewhere(ref: RecordingRef): boolean;
  /** What a redirect means: verdict `renew` to follow it. `start` is where RingCentral was asked. */
  redirected(error: RecordingError, ref: RecordingRef, start: string): RecordingError;
  /** What the refusal of another host means: once, that RingCentral is asked for a fresh redirect. */
  refused(error: RecordingError, ref: RecordingRef, nowMs: number): RecordingError;
}

/** One address of a way; once the way has left RingCentral's hosts, no login goes along any more. */
export interface Step {
  readonly url: URL;
  readonly foreign: boolean;
}

interface Way {
  at: Step | undefined;
  next: Step | undefined;
  hops: number;
  renewed: boolean;
}

const mostHops = 5;
const mostRemembered = 10_000;

export function openDetours(isOurs: (url: URL) => boolean): Detours {
  const ways = new Map<string, Way>();

  function wayOf(ref: RecordingRef): Way {
    let way = ways.get(ref.key);
    if (way === undefined) {
      way = { at: undefined, next: undefined, hops: 0, renewed: false };
      ways.set(ref.key, way);
      if (ways.size > mostRemembered) ways.delete(ways.keys().next().value as string);
    }
    return way;
  }

  return {
    next(ref) {
      const way = ways.get(ref.key);
      if (way === undefined) return undefined;
      way.at = way.next;
      way.next = undefined;
      if (way.at === undefined) way.hops = 0;
      return way.at;
    },
    isElsewhere: (ref) => ways.get(ref.key)?.at?.foreign ?? false,
    redirected(error, ref, start) {
      const way = wayOf(ref);
      way.hops += 1;
      if (way.hops > mostHops) {
        ways.delete(ref.key);
        return new RecordingError("bad-answer", `Recording ${ref.id}: the media host redirects without end.`);
      }
      const target = redirectTarget(locationOf(error.head), way.at?.url.href ?? start);
      if (target === undefined) {
        ways.delete(ref.key);
        const message = `Recording ${ref.id}: the media host redirects to an address that cannot be used.`;
        return new RecordingError("bad-answer", message, { cause: error });
      }
      way.next = { url: target, foreign: (way.at?.foreign ?? false) || !isOurs(target) };
      const message = `Recording ${ref.id}: the media host names another address.`;
      return new RecordingError("link-expired", message, { verdict: "renew", cause: error });
    },
    refused(error, ref, nowMs) {
      const way = wayOf(ref);
      const host = way.at?.url.host ?? "";
      const judged = judgeElsewhere(error, ref, { host, mayRenew: !way.renewed, nowMs });
      way.renewed = judged.verdict === "renew" || way.renewed;
      if (judged.verdict === "give-up") ways.delete(ref.key);
      return judged;
    },
  };
}

function locationOf(head: ResponseHead | undefined): string | undefined {
  return head?.headers.location;
}
