import { RecordingError } from "../../../core/model/errors.ts";
import type { RecordingRef, ResponseHead } from "../../../core/model/recording.ts";
import { isPassing, waitOf } from "../../../core/model/response-headers.ts";
import { redirectTarget } from "./addresses.ts";

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
      const classified = classifyElsewhere(error, ref, { host, mayRenew: !way.renewed, nowMs });
      way.renewed = classified.verdict === "renew" || way.renewed;
      if (classified.verdict === "give-up") ways.delete(ref.key);
      return classified;
    },
  };
}

function locationOf(head: ResponseHead | undefined): string | undefined {
  return head?.headers.location;
}

/** What is known of a host to which RingCentral had sent us. */
export interface OtherHost {
  readonly host: string;
  /** Whether RingCentral may be asked for a fresh redirect: its signed addresses live for minutes. */
  readonly mayRenew: boolean;
  readonly nowMs: number;
}

const ofAnExpiredAddress: readonly number[] = [400, 401, 403, 404, 410];

/** What the refusal of a storage host means. Nothing that it says is RingCentral's word on the recording or the login. */
export function classifyElsewhere(
  error: RecordingError,
  ref: RecordingRef,
  { host, mayRenew, nowMs }: OtherHost,
): RecordingError {
  const { head } = error;
  if (head === undefined || head.status < 400 || head.status === 416) return error;
  const { status } = head;
  const what = `Recording ${ref.id}: ${host}, where RingCentral sends for it,`;
  const kept = { head, cause: error };
  if (ofAnExpiredAddress.includes(status) && mayRenew) {
    return new RecordingError("link-expired", `${what} no longer accepts its address (HTTP ${status}).`, kept);
  }
  if (isPassing(status)) {
    const details = { ...kept, ...waitOf(head, nowMs) };
    return new RecordingError("server-error", `${what} is out of order or busy (HTTP ${status}).`, details);
  }
  const fresh = ofAnExpiredAddress.includes(status) ? ", even at a fresh address" : "";
  return new RecordingError("http-error", `${what} refused it (HTTP ${status})${fresh}.`, kept);
}
