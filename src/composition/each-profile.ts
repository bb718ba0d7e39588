/*
 * Profiles of several accounts: each downloads under its own settings, one after another, and none of them stops the
 * others. Profiles of one archive are logins to one account instead, and share one download.
 */

import { resolve } from "node:path";
import { type Resolved, resolveSettings } from "../cli/config.ts";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import { formatNumberOf } from "../core/text.ts";
import { archiveFolder } from "./archive.ts";
import { openProfileLeases, type ProfileLease, type ProfileLeases } from "./profile-leases.ts";
import type { ProfileOutcome } from "./profile-outcomes.ts";

type Download = (invocation: Invocation) => Promise<number>;

/**
 * Runs a download; once for each of the profiles where they name different archives, or where `--each-profile` says so.
 * Then the exit code is the weightiest of all, and a profile that fails is told and left behind.
 */
export async function forEachProfile(invocation: Invocation, download: Download): Promise<number> {
  const turns = await profilesInTurn(invocation);
  if (turns === undefined) return download(invocation);
  refuseShared(invocation, turns);
  const outcomes = await downloadAll(invocation, turns, download);
  tell(invocation, turns, outcomes);
  return worst([...outcomes.values()].map(({ code }) => code));
}

/**
 * Downloads each profile once. Where their ledger is a database, other machines may do the same at the same time: what one
 * of them is at is passed by, and looked at again until it is done.
 */
async function downloadAll(
  invocation: Invocation,
  turns: readonly Turn[],
  download: Download,
): Promise<ReadonlyMap<Turn, ProfileOutcome>> {
  const { stop, clock } = invocation.io;
  const outcomes = new Map<Turn, ProfileOutcome>();
  await using leases = openProfileLeases(clock);
  let waiting = turns;
  let told = "";
  while (waiting.length > 0 && !stop.aborted) {
    const held: Held[] = [];
    for (const turn of waiting) {
      if (stop.aborted) break;
      const outcome = await outcomeOf(
        turn,
        { at: turns.indexOf(turn), count: turns.length, leases },
        invocation,
        download,
      );
      if ("code" in outcome) outcomes.set(turn, outcome);
      else held.push({ turn, by: outcome.heldBy });
    }
    if (held.length === waiting.length) {
      told = tellWaiting(invocation, held, told);
      await leases.change(stop);
    }
    waiting = held.map(({ turn }) => turn);
  }
  return outcomes;
}

interface Held {
  readonly turn: Turn;
  readonly by: string;
}

/** Throws `usage` where the profiles name several archives: for what works on one alone. */
export async function refuseSeveralArchives(invocation: Invocation): Promise<void> {
  if ((await profilesInTurn(invocation)) === undefined) return;
  throw new RecordingError(
    "usage",
    "The profiles are of several archives: name one --profile, and run one command for each archive.",
  );
}

interface Turn extends Resolved {
  readonly profile: string;
}

async function profilesInTurn({ settings, flags, io, args }: Invocation): Promise<readonly Turn[] | undefined> {
  const named = settings.profile ?? [];
  if (named.length < 2 || settings.output === "-") return undefined;
  const turns = new Map<string, Turn>();
  for (const name of named) {
    const resolved = await resolveSettings(flags, io.env, name);
    const [profile = name] = resolved.settings.profile ?? [];
    turns.set(profile, { ...resolved, profile });
  }
  const archives = new Set([...turns.values()].map((turn) => archiveFolder(turn.settings, io)));
  if (turns.size < 2 || !(settings.eachProfile || archives.size > 1)) return undefined;
  const given = [flags.rows !== undefined && "--rows", flags.database !== undefined && "--database"].find(Boolean);
  if (args.length === 0 && !given) return [...turns.values()];
  throw new RecordingError(
    "usage",
    `${given || "What is named on the command line"} belongs to one account, but the profiles are downloaded one after another: name one --profile, or give -d for profiles of one account.`,
  );
}

/** What one profile's run would take from another's: files it would overwrite, and a login that is not its own. */
function refuseShared({ io }: Invocation, turns: readonly Turn[]): void {
  for (const [key, flag] of [
    ["metrics", "--metrics"],
    ["errorFile", "--error-file"],
  ] as const) {
    const files = turns.flatMap(({ settings }) => settings[key] ?? []).map((file) => resolve(io.cwd, file));
    if (new Set(files).size === files.length) continue;
    throw new RecordingError(
      "usage",
      `${flag}: each profile's run would overwrite what the one before wrote. Give each its own: callreel config set ${flag.slice(2)} FILE --profile NAME.`,
    );
  }
  for (const key of ["jwt", "jwtFile", "accessToken", "accessTokenFile", "rows"]) {
    const origin = turns.map(({ origins }) => origins[key]).find((each) => each && !each.startsWith("profile "));
    if (origin === undefined) continue;
    throw new RecordingError(
      "usage",
      `${origin} would be used for every profile: unset it, so that each is downloaded with its own.`,
    );
  }
}

interface Place {
  readonly at: number;
  readonly count: number;
  readonly leases: ProfileLeases;
}

/** What became of a profile, here or on another machine; or which machine is at it just now. */
async function outcomeOf(
  { profile, settings, origins }: Turn,
  { at, count, leases }: Place,
  invocation: Invocation,
  download: Download,
): Promise<ProfileOutcome | { readonly heldBy: string }> {
  const { io, begun } = invocation;
  const left = timeLeft(invocation);
  if (left === 0) return { code: exitCodeOf("cap-reached"), why: "not started: --max-duration had passed" };
  const own = { ...settings, eachProfile: true, ...(left === undefined ? {} : { maxDuration: left }) };
  const turn = { ...invocation, settings: own, origins };
  try {
    const taken = await leases.take(turn);
    if ("heldBy" in taken) return taken;
    if ("ended" in taken) return taken.ended;
    if (!settings.quiet) io.stderr.write(`callreel: profile ${profile} (${at + 1} of ${count})\n`);
    const since = at === 0 ? begun : io.clock.monotonic();
    return await underLease(taken, { ...turn, begun: since }, download);
  } catch (thrown) {
    return failed(thrown, io);
  }
}

/** Downloads a profile as long as it is ours; what became of it after that is the other machine's to say. */
async function underLease(
  lease: ProfileLease,
  turn: Invocation,
  download: Download,
): Promise<ProfileOutcome | { readonly heldBy: string }> {
  const io = { ...turn.io, stop: AbortSignal.any([turn.io.stop, lease.lost]) };
  const own = { ...turn, io, ...(lease.owner === undefined ? {} : { lease: lease.owner }) };
  let outcome: ProfileOutcome | undefined;
  let ours = false;
  try {
    outcome = { code: await download(own) };
  } catch (thrown) {
    outcome = failed(thrown, turn.io);
  } finally {
    ours = await lease.release(outcome);
  }
  return ours ? outcome : { heldBy: "another machine" };
}

function failed(thrown: unknown, { stoppedBy }: Io): ProfileOutcome {
  const error = asRecordingError(thrown);
  if (error.code === "bug" || error.code === "reader-gone") throw thrown;
  return { code: exitCodeOf(error.code, stoppedBy()), why: error.message };
}

/** `--max-duration` is for all of the profiles together. */
function timeLeft({ settings, io, begun }: Invocation): number | undefined {
  const { maxDuration } = settings;
  return maxDuration === undefined ? undefined : Math.max(0, begun + maxDuration - io.clock.monotonic());
}

/** Says once of each number of profiles that other machines are at them; returns what was said last. */
function tellWaiting({ io, settings }: Invocation, held: readonly Held[], told: string): string {
  const machines = [...new Set(held.map(({ by }) => by))].join(", ");
  const line = `callreel: waiting for ${formatNumberOf(held.length, "profile")} that other machines download (${machines})\n`;
  if (line !== told && !settings.quiet) io.stderr.write(line);
  return line;
}

function tell({ io, settings }: Invocation, turns: readonly Turn[], outcomes: ReadonlyMap<Turn, ProfileOutcome>): void {
  for (const turn of turns) {
    const outcome = outcomes.get(turn);
    if (outcome?.code === 0 && settings.quiet) continue;
    io.stderr.write(`callreel: profile ${turn.profile}: ${outcome === undefined ? "not started" : words(outcome)}\n`);
  }
}

function words({ code, why, host }: ProfileOutcome): string {
  const result = code === 0 ? "complete" : `exit ${code}`;
  return [host === undefined ? result : `${result}, on ${host}`, ...(why === undefined ? [] : [why])].join(": ");
}
