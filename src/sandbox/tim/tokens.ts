import { randomBytes } from "node:crypto";
import type { Call } from "./calls.ts";
import type { TimSettings } from "./site-settings.ts";

/** A permission to fetch one recording from Echo for a while. */
export interface Token {
  readonly call: Call;
  readonly format: "wav" | "mp3";
  /** The request target at Echo, exactly as it must come back. */
  readonly target: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly address: string;
  uses: number;
}

export type TokenUse =
  | { readonly token: Token; readonly refused?: undefined }
  | { readonly token?: Token; readonly refused: "unknown" | "expired" | "used" | "foreign" };

export interface Tokens {
  issue(call: Call, format: "wav" | "mp3", request: { readonly target: string; readonly address: string }): Token;
  /** Judges a request by the time at which it arrives. */
  use(target: string, address: string): TokenUse;
}

const kept = 200_000;

export function openTokens(settings: TimSettings, now: () => number): Tokens {
  const byTarget = new Map<string, Token>();
  const byRequest = new Map<string, Token>();

  return {
    issue(call, format, { target: request, address }) {
      const earlier = settings.token.cached ? byRequest.get(request) : undefined;
      if (earlier) return earlier;
      const issuedAt = now();
      const expiresAt = issuedAt + settings.token.ttlMs;
      const target = echoTarget(format, settings.answer.awkward);
      const token: Token = { call, format, target, issuedAt, expiresAt, address, uses: 0 };
      keep(byTarget, target, token);
      keep(byRequest, request, token);
      return token;
    },
    use(target, address) {
      const token = byTarget.get(target);
      if (!token) return { refused: "unknown" };
      if (now() >= token.expiresAt) return { token, refused: "expired" };
      if (settings.token.ipBound && token.address !== address) return { token, refused: "foreign" };
      if (settings.token.singleUse && token.uses > 0) return { token, refused: "used" };
      token.uses += 1;
      return { token };
    },
  };
}

function keep(map: Map<string, Token>, key: string, token: Token): void {
  if (map.size >= kept) map.delete(map.keys().next().value!);
  map.set(key, token);
}

/** Opaque: neither path nor query says which recording it is. */
function echoTarget(format: "wav" | "mp3", awkward: boolean): string {
  const path = randomBytes(12).toString("hex");
  const token = randomBytes(24).toString("base64url");
  return awkward ? `/play/%7E/./${path}.${format}?a=b'c|d&t=${token}+%2f&=` : `/play/${path}.${format}?token=${token}`;
}
