import type { ResponseHead } from "../../../core/model/recording.ts";

/** What an answer says of its rate-limit group; every part may be missing. */
export interface RateHeaders {
  readonly group?: string;
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowMs?: number;
}

/** The `X-Rate-Limit-*` headers, as far as they make sense. */
export function rateHeaders(head: ResponseHead): RateHeaders {
  const group = head.headers["x-rate-limit-group"]?.trim().toLowerCase();
  const limit = count(head.headers["x-rate-limit-limit"], 1, 1e9);
  const remaining = count(head.headers["x-rate-limit-remaining"], 0, 1e9);
  const seconds = count(head.headers["x-rate-limit-window"], 1, 86_400);
  return {
    ...(group !== undefined && /^[a-z][a-z0-9_-]{0,39}$/.test(group) ? { group } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(seconds === undefined ? {} : { windowMs: seconds * 1000 }),
  };
}

function count(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\s*\d{1,10}\s*$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
