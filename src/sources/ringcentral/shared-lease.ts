import { RecordingError } from "../../core/model/errors.ts";
import { parsedObject } from "./error-bodies.ts";
import type { Fence, SharedState } from "./shared-state.ts";

/** Who asks for a lease, named anew each time, and for how long without renewal. */
export interface Lessee {
  readonly owner: string;
  readonly host: string;
  readonly forMs: number;
}

/** The lease of one login between machines, by the database's clock. */
export interface SharedLease {
  /** The document that it is kept in, which wakes who waits for it. */
  readonly name: string;
  /** The database's time at which it became ours; or the machine that has it. */
  take(): Promise<{ readonly nowMs: number } | { readonly heldBy: string }>;
  /** Whether it is still ours: also one that ran out, as long as nobody else has taken it. */
  renew(): Promise<boolean>;
  /** Gives it back, and wakes who waits for it. */
  release(): Promise<void>;
}

export function openSharedLease(state: SharedState, login: string, { owner, host, forMs }: Lessee): SharedLease {
  const name = leaseName(login);
  const text = (untilMs: number) => JSON.stringify({ owner, host, untilMs });
  return {
    name,
    take: () =>
      state.update<{ nowMs: number } | { heldBy: string }>(name, (kept, nowMs) => {
        const held = leaseIn(kept);
        const theirs = held !== undefined && held.owner !== owner && held.untilMs > nowMs;
        if (theirs && held.untilMs <= nowMs + forMs) return { result: { heldBy: held.host } };
        return { text: text(nowMs + forMs), result: { nowMs } };
      }),
    renew: () =>
      state.update(name, (kept, nowMs) => {
        if (leaseIn(kept)?.owner !== owner) return { result: false };
        return { text: text(nowMs + forMs), result: true };
      }),
    release: () =>
      state.update(name, (kept) => {
        if (leaseIn(kept)?.owner !== owner) return { result: undefined };
        return { text: text(0), result: undefined, wakes: true };
      }),
  };
}

/** Under which name a login's lease is kept. */
function leaseName(login: string): string {
  return `lease:${login}`;
}

/** Holds changes to the time in which the login's lease is the owner's: later they throw `locked`. */
export function leaseFence(login: string, owner: string): Fence {
  return {
    name: leaseName(login),
    check(text) {
      if (leaseIn(text)?.owner !== owner) throw leaseLost();
    },
  };
}

/** This machine slept or was cut off for longer than its lease, and another one has begun. */
export function leaseLost(): RecordingError {
  const message = "Another machine has taken this login over, for this one did not renew its lease for a minute.";
  return new RecordingError("locked", message);
}

function leaseIn(text: string | undefined): { owner: string; host: string; untilMs: number } | undefined {
  const { owner, host, untilMs } = parsedObject(text) ?? {};
  if (typeof owner !== "string" || typeof untilMs !== "number") return undefined;
  return { owner, host: String(host), untilMs };
}
