import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ResponseHead } from "../../../core/model/recording.ts";
import { makeFolders } from "../../../platform/make-folders.ts";
import { replaceFile } from "../../../platform/whole-file.ts";
import { readableOnTheWire, type Tim, type TimContext } from "../settings.ts";
import { targetOf } from "../token-url.ts";
import { type DigestOffer, digestAuthorization, parseChallenges, parseParams, strongestDigest } from "./digest.ts";
import { onlyBasic, unknownSchemes, wrongPassword } from "./refusal.ts";

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

export interface LoginPolicy {
  readonly host: string;
  readonly user: string;
  readonly wanted: "auto" | "basic" | "digest";
  /** Basic is not to be answered to a server that spoke Digest before: somebody may be listening on the way. */
  readonly digestOnly: boolean;
}

/**
 * What answers a 401: `basic`, or the strongest Digest offered. Throws `login-refused` when the request already carried
 * what the server wants, or when nothing that is offered may be answered.
 */
export function chooseLogin(
  answer: ResponseHead,
  carried: "nothing" | "basic" | "digest",
  policy: LoginPolicy,
): "basic" | DigestOffer {
  const { host, user, wanted } = policy;
  const header = answer.headers["www-authenticate"] ?? "";
  const challenges = parseChallenges(header);
  const digest = wanted === "basic" ? undefined : strongestDigest(challenges);
  // A 401 that names no scheme is taken for Basic, the commonest.
  const basic = header.trim() === "" || challenges.some(({ scheme }) => scheme === "basic");
  if (carried === "basic" && (basic || wanted === "basic")) throw wrongPassword(host, user, answer);
  if (digest !== undefined) {
    if (carried === "digest" && !digest.stale) throw wrongPassword(host, user, answer);
    return digest;
  }
  if (!basic) throw unknownSchemes(host, challenges, answer);
  if (policy.digestOnly || carried === "digest") throw onlyBasic(host, answer);
  return "basic";
}

export type Scheme = "basic" | "digest";

/** Which login scheme each server took, kept between runs so that the next one need not ask. */
export interface SchemeMemory {
  recall(origin: string): Scheme | undefined;
  keep(origin: string, scheme: Scheme): void;
}

/** A memory in a file of `folder`; without a folder it forgets. A file that cannot be read or written only costs a request. */
export function openSchemeMemory(folder: string | undefined): SchemeMemory {
  if (folder === undefined) return { recall: () => undefined, keep: () => {} };
  const file = join(folder, "tim-login-schemes.json");
  return {
    recall: (origin) => read(file).get(origin),
    keep(origin, scheme) {
      const schemes = read(file);
      if (schemes.get(origin) === scheme) return;
      schemes.set(origin, scheme);
      write(folder, file, JSON.stringify(Object.fromEntries(schemes)));
    },
  };
}

function read(file: string): Map<string, Scheme> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, "utf8")) as object);
    return new Map(entries.filter((entry): entry is [string, Scheme] => entry[1] === "basic" || entry[1] === "digest"));
  } catch {
    return new Map();
  }
}

function write(folder: string, file: string, text: string): void {
  try {
    makeFolders(folder);
    replaceFile(file, text);
  } catch {
    // The next run asks the server again.
  }
}

/** The Authorization header of RFC 7617, in UTF-8. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}
