import { randomBytes } from "node:crypto";
import type { ResponseHead } from "../../../core/recording.ts";
import { readableOnTheWire, type Tim, type TimContext } from "../settings.ts";
import { targetOf } from "../token-url.ts";
import { basicAuthorization } from "./basic.ts";
import { parseParams } from "./challenge.ts";
import { chooseLogin, type LoginPolicy } from "./choose.ts";
import { type DigestOffer, digestAuthorization } from "./digest.ts";
import { openSchemeMemory } from "./remembered.ts";

/** What one request carries. */
export type Carried =
  | { readonly kind: "nothing" }
  | { readonly kind: "basic" }
  | {
      readonly kind: "digest";
      readonly offer: DigestOffer;
      readonly cnonce: string;
      readonly since: number;
      uses: number;
    };

/** What requests to one TIM carry to be let in, as far as its answers have taught. */
export interface Means {
  /** For the next request. */
  readonly current: Carried;
  /** Whether the server has taken what `current` is. */
  readonly proven: boolean;
  /** Whether requests must follow one another, because a nonce serves only one. */
  readonly oneByOne: boolean;
  headers(carried: Carried, url: string): Readonly<Record<string, string>>;
  /** Takes from a 401 what to carry next; throws `login-refused` when there is nothing else to try. */
  refusedWith(answer: ResponseHead, carried: Carried): void;
  /** Takes from any other answer that the login is good, and what to carry next. */
  takenWith(answer: ResponseHead, carried: Carried): void;
}

/** A nonce that is stale sooner than this serves one request only. */
const shortNonceMs = 2_000;

/** Begins with what is known of this server from earlier runs, or with nothing. */
export function openMeans(tim: Tim, { clock }: Pick<TimContext, "clock">): Means {
  const { user, password, auth: wanted = "auto", stateDir } = tim.settings;
  const { origin, host } = tim.base;
  const memory = openSchemeMemory(stateDir);
  const recalled = wanted === "auto" ? memory.recall(origin) : wanted;
  const digestOnly = wanted === "digest" || (recalled === "digest" && readableOnTheWire(tim.base));
  const policy: LoginPolicy = { host, user, wanted, digestOnly };
  let current: Carried = { kind: recalled === "basic" ? "basic" : "nothing" };
  let proven = false;
  let oneByOne = false;

  function newDigest(offer: DigestOffer): Carried {
    return { kind: "digest", offer, cnonce: randomBytes(16).toString("hex"), since: clock.monotonic(), uses: 0 };
  }

  return {
    get current() {
      return current;
    },
    get proven() {
      return proven;
    },
    get oneByOne() {
      return oneByOne;
    },
    headers(carried, url) {
      if (carried.kind === "nothing") return {};
      if (carried.kind === "basic") return { authorization: basicAuthorization(user, password) };
      carried.uses += 1;
      const request = { user, password, method: "GET", uri: targetOf(url), nc: carried.uses, cnonce: carried.cnonce };
      return { authorization: digestAuthorization(carried.offer, request) };
    },
    refusedWith(answer, carried) {
      const choice = chooseLogin(answer, carried.kind, policy);
      if (carried.kind === "digest") oneByOne ||= clock.monotonic() - carried.since < shortNonceMs;
      // Another worker may have learned it in the meantime.
      if (current !== carried) return;
      if (carried.kind !== "digest") proven = false;
      current = choice === "basic" ? { kind: "basic" } : newDigest(choice);
    },
    takenWith(answer, carried) {
      proven = true;
      if (carried.kind === "nothing") return;
      if (wanted === "auto") memory.keep(origin, carried.kind);
      if (carried.kind !== "digest" || current !== carried) return;
      const next = parseParams(answer.headers["authentication-info"] ?? "").get("nextnonce");
      if (next !== undefined && next !== carried.offer.nonce) current = newDigest({ ...carried.offer, nonce: next });
    },
  };
}
