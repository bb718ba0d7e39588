import type { IncomingMessage } from "node:http";
import { openDigestServer } from "./digest.ts";
import type { TimSettings } from "./site-settings.ts";

/** Whether a request may pass, or what it hears instead. */
export type LoginResult =
  | { readonly passed: true }
  | { readonly passed: false; readonly why: "challenge" | "stale" | "refused" | "locked"; readonly look: LoginLook };

export type LoginLook =
  | { readonly status: 401; readonly challenges: readonly string[] }
  | { readonly status: 403 }
  | "reset";

export interface Login {
  check(request: IncomingMessage): LoginResult;
}

interface Address {
  failures: number;
  lockedUntil: number;
}

/** HTTP authentication as `settings.login` has it, with the lock-out of `settings.flood`. */
export function openLogin(settings: TimSettings, now: () => number): Login {
  const digest = openDigestServer(() => settings.login, now);
  const addresses = new Map<string, Address>();

  return {
    check(request) {
      const from = request.socket.remoteAddress ?? "";
      const address = addresses.get(from) ?? { failures: 0, lockedUntil: 0 };
      addresses.set(from, address);
      if (now() < address.lockedUntil) return { passed: false, why: "locked", look: lockedLook() };
      const judged = judge(request);
      if (judged === "right") {
        address.failures = 0;
        return { passed: true };
      }
      if (judged === "refused" || (judged === "challenge" && settings.flood.countsChallenges)) count(address);
      return { passed: false, why: judged, look: challenge(judged === "stale") };
    },
  };

  function judge(request: IncomingMessage): "right" | "challenge" | "stale" | "refused" {
    const { authorization } = request.headers;
    if (authorization === undefined) return "challenge";
    const { mode } = settings.login;
    const scheme = authorization.split(" ", 1)[0]!.toLowerCase();
    if (scheme === "basic" && ["basic", "both", "all"].includes(mode))
      return isBasicRight(authorization, settings.login) ? "right" : "refused";
    if (scheme === "digest" && ["digest", "both", "all"].includes(mode)) {
      const result = digest.check(authorization, request.method ?? "", request.url ?? "");
      return result === "wrong" ? "refused" : result;
    }
    return "refused";
  }

  function count(address: Address): void {
    const { failCount, lockMs } = settings.flood;
    if (failCount === 0) return;
    address.failures += 1;
    if (address.failures < failCount) return;
    address.failures = 0;
    address.lockedUntil = now() + lockMs;
  }

  function lockedLook(): LoginLook {
    const { look } = settings.flood;
    if (look === "401") return challenge(false);
    return look === "403" ? { status: 403 } : "reset";
  }

  function challenge(stale: boolean): LoginLook {
    const { mode, realm, challenges } = settings.login;
    const basic = `Basic realm="${realm}", charset="UTF-8"`;
    const offered = {
      basic: () => [basic],
      digest: () => digest.challenges(stale),
      both: () => [...digest.challenges(stale), basic],
      ntlm: () => ["NTLM"],
      negotiate: () => ["Negotiate"],
      windows: () => ["Negotiate", "NTLM"],
      all: () => ["Negotiate", "NTLM", ...digest.challenges(stale), basic],
    }[mode]();
    return { status: 401, challenges: challenges === "joined" ? [offered.join(", ")] : offered };
  }
}

function isBasicRight(authorization: string, { username, password }: TimSettings["login"]): boolean {
  const sent = Buffer.from(authorization.slice("Basic ".length).trim(), "base64").toString("utf8");
  return sent === `${username}:${password}`;
}
