import type { Clock } from "../../core/model/ports.ts";

/** Slows down whoever guesses passwords, and nobody else. */
export interface Lockout {
  /**
   * Milliseconds until this name may be tried again from this address; 0 lets the try begin and counts it as failed
   * until `succeeded` says otherwise, so that many tries at once are no way around.
   */
  begin(name: string, address: string): number;
  /** The password was right: from this address the name is known from now on. */
  succeeded(name: string, address: string): void;
}

/** So many failures are free; each further one doubles the wait. */
interface Patience {
  readonly free: number;
  readonly longestMs: number;
}

/** One name from one address: a person who mistypes, or one who guesses. */
const pairPatience: Patience = { free: 5, longestMs: 15 * 60_000 };
/** One name from many addresses. Short, for it holds up its owner at a new place too. */
const namePatience: Patience = { free: 20, longestMs: 60_000 };
/** Many names from one address, which an office shares. */
const addressPatience: Patience = { free: 30, longestMs: 15 * 60_000 };

const firstWaitMs = 1_000;
/** Failures older than this are forgotten. */
const forgottenMs = 60 * 60_000;
const mostRemembered = 10_000;

/**
 * Failures are counted by name and address together, by name, and by address. Where a name has logged in well before,
 * only its own failures there count: guesses at other names behind the same address, and guesses at the same name from
 * elsewhere, hold up nobody who is known.
 */
export function openLockout(clock: Pick<Clock, "monotonic">): Lockout {
  const pairs = openCounter(pairPatience, clock);
  const names = openCounter(namePatience, clock);
  const addresses = openCounter(addressPatience, clock);
  const known = new Set<string>();
  const pairOf = (name: string, address: string) => JSON.stringify([name, address]);
  return {
    begin(name, address) {
      const pair = pairOf(name, address);
      const counters = known.has(pair)
        ? [[pairs, pair] as const]
        : ([
            [pairs, pair],
            [names, name],
            [addresses, address],
          ] as const);
      const waitMs = Math.max(...counters.map(([counter, key]) => counter.waitMs(key)));
      if (waitMs === 0) for (const [counter, key] of counters) counter.fail(key);
      return waitMs;
    },
    succeeded(name, address) {
      const pair = pairOf(name, address);
      // Only what this try itself was counted as: earlier guesses at others stay counted.
      pairs.forget(pair);
      if (!known.has(pair)) {
        names.takeBack(name);
        addresses.takeBack(address);
      }
      known.delete(pair);
      known.add(pair);
      if (known.size > mostRemembered) known.delete(known.values().next().value as string);
    },
  };
}

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

function openCounter({ free, longestMs }: Patience, clock: Pick<Clock, "monotonic">) {
  const failures = new Map<string, Failures>();
  const live = (key: string) => {
    const found = failures.get(key);
    return found !== undefined && clock.monotonic() - found.lastMs < forgottenMs ? found : undefined;
  };
  const put = (key: string, value: Failures) => {
    failures.delete(key);
    failures.set(key, value);
    if (failures.size > mostRemembered) failures.delete(failures.keys().next().value as string);
  };
  return {
    waitMs(key: string): number {
      const found = live(key);
      if (found === undefined || found.count < free) return 0;
      const wait = Math.min(longestMs, firstWaitMs * 2 ** Math.min(30, found.count - free));
      return Math.max(0, found.lastMs + wait - clock.monotonic());
    },
    fail(key: string): void {
      put(key, { count: (live(key)?.count ?? 0) + 1, lastMs: clock.monotonic() });
    },
    takeBack(key: string): void {
      const found = live(key);
      if (found !== undefined) put(key, { ...found, count: found.count - 1 });
    },
    forget: (key: string) => failures.delete(key),
  };
}
