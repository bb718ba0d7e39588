import type { ResponseHead } from "../../../core/recording.ts";
import { parseChallenges } from "./challenge.ts";
import { type DigestOffer, strongestDigest } from "./digest.ts";
import { onlyBasic, unknownSchemes, wrongPassword } from "./refusal.ts";

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
