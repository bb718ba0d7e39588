import type { Group } from "./settings.ts";

/** How often one recording was asked for. */
export interface Downloads {
  /** Answers 200 and 206 that began. */
  started: number;
  /** Answers whose last byte was sent, and which began at the first byte. */
  whole: number;
  /** Answers to a Range. */
  ranges: number;
}

/** What tests ask of a sandbox. All counters begin at 0 when it opens. */
export interface Stats {
  requests: number;
  /** Authorised requests by rate-limit group, allowed or not. */
  groups: Record<Group, number>;
  /** When each of the newest 10,000 requests of a group came, by the sandbox's clock. */
  groupTimes: Record<Group, number[]>;
  /** Answers 429 of the limiter. */
  penalties: number;
  /** Requests inside a running penalty: a good client has 0. */
  violations: number;
  tokenRequests: number;
  tokenRequestsAtOnce: { now: number; most: number };
  requestsAtOnce: { now: number; most: number };
  /** Requests whose URL held a token: a good client has 0. */
  tokensInUrls: number;
  /** Requests to the foreign host that carried Authorization: a good client has 0. */
  foreignAuthorization: number;
  downloads: Record<string, Downloads>;
}

/** Counters at zero. */
export function openStats(): Stats {
  return {
    requests: 0,
    groups: { light: 0, medium: 0, heavy: 0, auth: 0 },
    groupTimes: { light: [], medium: [], heavy: [], auth: [] },
    penalties: 0,
    violations: 0,
    tokenRequests: 0,
    tokenRequestsAtOnce: { now: 0, most: 0 },
    requestsAtOnce: { now: 0, most: 0 },
    tokensInUrls: 0,
    foreignAuthorization: 0,
    downloads: {},
  };
}

/** Counts one request of a group. */
export function countGroup(stats: Stats, group: Group, nowMs: number): void {
  stats.groups[group] += 1;
  const times = stats.groupTimes[group];
  times.push(nowMs);
  if (times.length > 20_000) times.splice(0, 10_000);
}

/** Counts something as running; the returned function ends it. */
export function countAtOnce(gauge: { now: number; most: number }): () => void {
  gauge.now += 1;
  gauge.most = Math.max(gauge.most, gauge.now);
  return () => {
    gauge.now -= 1;
  };
}

/** The counters of one recording. */
export function downloadsOf(stats: Stats, id: string): Downloads {
  stats.downloads[id] ??= { started: 0, whole: 0, ranges: 0 };
  return stats.downloads[id];
}
