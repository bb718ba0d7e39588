/*
 * Where several machines download the same profiles with one ledger in a database, each profile is one machine's at a time:
 * a lease by the database's clock on each of its logins. What a machine made of a profile is told to the others.
 */

import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Settings } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import type { Clock } from "../core/model/ports.ts";
import {
  leaseLost,
  loginOf,
  openSharedLease,
  type SharedLease,
  type SharedState,
} from "../sources/ringcentral/index.ts";
import { profileOf } from "./kept-logins.ts";
import { keepOutcome, outcomeOfOthers, type ProfileOutcome } from "./profile-outcomes.ts";
import { ledgerStateOf } from "./shared-state.ts";
import { loginsOf, ringcentralSettings } from "./sources.ts";

/** The right to download a profile. */
export interface ProfileLease {
  /** Names the lease: once another machine has it, no request of its login is let through for this one. */
  readonly owner?: string;
  /** Aborts when another machine has taken the profile over. */
  readonly lost: AbortSignal;
  /** Gives it back, and tells others what it came to; false when it was another's by then, who has the say. */
  release(outcome: ProfileOutcome | undefined): Promise<boolean>;
}

/** A profile's lease; or the machine that has it; or what another made of the same since this program began. */
export type TakenProfile = ProfileLease | { readonly heldBy: string } | { readonly ended: ProfileOutcome };

export interface ProfileLeases extends AsyncDisposable {
  /** Takes the profile of a turn; one whose ledger is a file, or that has no login, is always to be had. */
  take(turn: Invocation): Promise<TakenProfile>;
  /** Waits until another machine has given something back, a second at most. */
  change(signal: AbortSignal): Promise<void>;
}

/** So often at least it is looked whether a profile is free that another machine had. */
const pollMs = 1000;
const leaseMs = 60_000;
const renewMs = 15_000;

export function openProfileLeases(clock: Clock): ProfileLeases {
  const states = new Map<string, Promise<SharedState>>();
  const logins = new Map<string, readonly string[]>();
  const awaited = new Set<string>();
  let nap = new AbortController();

  function stateFor(settings: Settings): Promise<SharedState> | undefined {
    const database = ledgerStateOf(settings);
    if (database === undefined) return undefined;
    const opened = states.get(database.url) ?? database.open();
    states.set(database.url, opened);
    return opened;
  }

  async function loginsFor(turn: Invocation): Promise<readonly string[]> {
    const profile = profileOf(turn.settings);
    const found = logins.get(profile) ?? (await loginNames(turn));
    logins.set(profile, found);
    return found;
  }

  function awaitRelease(state: SharedState, lease: SharedLease): void {
    if (awaited.has(lease.name)) return;
    awaited.add(lease.name);
    state.onWake(lease.name, () => nap.abort());
  }

  return {
    async take(turn) {
      const state = await stateFor(turn.settings);
      if (state === undefined) return free;
      const owner = randomUUID();
      const lessee = { owner, host: hostname(), forMs: leaseMs };
      const taken: SharedLease[] = [];
      const giveBack = async () => {
        for (const lease of taken) await lease.release();
      };
      let nowMs: number | undefined;
      for (const login of await loginsFor(turn)) {
        const lease = openSharedLease(state, login, lessee);
        const step = await lease.take();
        if ("heldBy" in step) {
          awaitRelease(state, lease);
          await giveBack();
          return step;
        }
        nowMs = step.nowMs;
        taken.push(lease);
      }
      if (nowMs === undefined) return free;
      const begunMs = nowMs;
      const ended = await outcomeOfOthers(state, turn, begunMs - (clock.monotonic() - turn.begun));
      if (ended !== undefined) {
        await giveBack();
        return { ended };
      }
      const { lost, stop } = keepRenewed(taken, clock);
      return {
        owner,
        lost,
        async release(outcome) {
          stop();
          const ours = !lost.aborted && (await allRenewed(taken));
          if (ours && outcome !== undefined) await keepOutcome(state, turn, { ...outcome, begunMs });
          await giveBack();
          return ours;
        },
      };
    },
    async change(signal) {
      nap = new AbortController();
      await clock.sleep(pollMs, AbortSignal.any([signal, nap.signal])).catch(() => {});
    },
    async [Symbol.asyncDispose]() {
      for (const state of states.values()) await state.then((each) => each[Symbol.asyncDispose]()).catch(() => {});
    },
  };
}

const free: ProfileLease = { lost: new AbortController().signal, release: async () => true };

/** Renews leases until it is stopped, or one is another's. */
function keepRenewed(leases: readonly SharedLease[], clock: Clock): { readonly lost: AbortSignal; stop(): void } {
  const lost = new AbortController();
  const stopped = new AbortController();
  const renew = async () => {
    for (;;) {
      await clock.sleep(renewMs, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      // Without the database no request is let through, and nobody else can take the login either.
      const ours = await allRenewed(leases).catch(() => true);
      if (!ours) return lost.abort(leaseLost());
    }
  };
  void renew();
  return { lost: lost.signal, stop: () => stopped.abort() };
}

async function allRenewed(leases: readonly SharedLease[]): Promise<boolean> {
  return (await Promise.all(leases.map((each) => each.renew()))).every(Boolean);
}

/** What stands for each login of a profile on every machine; none where it cannot be told, and the download says why. */
async function loginNames(turn: Invocation): Promise<readonly string[]> {
  const found = new Set<string>();
  const quiet = { io: turn.io, report: () => {}, keepSecret: () => {} };
  for (const [name, logins] of await loginsOf(turn)) {
    for (const settings of logins) {
      const login =
        name === "tim"
          ? timLogin(settings)
          : await ringcentralSettings({ ...quiet, settings })
              .then(loginOf)
              .catch(() => undefined);
      if (login !== undefined) found.add(login);
    }
  }
  return [...found].sort();
}

function timLogin({ timUrl, timUser }: Settings): string {
  return createHash("sha256").update(`tim\n${timUrl}\n${timUser}`).digest("hex").slice(0, 32);
}
