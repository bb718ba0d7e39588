/*
 * Profiles of several accounts: each downloads under its own settings, one after another, and none of them stops the
 * others. Profiles of one archive are logins to one account instead, and share one download.
 */

import { resolve } from "node:path";
import { type Resolved, resolveSettings } from "../cli/config.ts";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import { archiveFolder } from "./archive.ts";

type Download = (invocation: Invocation) => Promise<number>;

/**
 * Runs a download; once for each of the profiles where they name different archives, or where `--each-profile` says so.
 * Then the exit code is the weightiest of all, and a profile that fails is told and left behind.
 */
export async function forEachProfile(invocation: Invocation, download: Download): Promise<number> {
  const turns = await profilesInTurn(invocation);
  if (turns === undefined) return download(invocation);
  refuseShared(invocation, turns);
  const outcomes: Outcome[] = [];
  for (const turn of turns) {
    if (invocation.io.stop.aborted) break;
    outcomes.push(await outcomeOf(turn, outcomes.length, turns.length, invocation, download));
  }
  tell(invocation, turns, outcomes);
  return worst(outcomes.map(({ code }) => code));
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

interface Outcome {
  readonly profile: string;
  readonly code: number;
  readonly why?: string;
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

async function outcomeOf(
  { profile, settings, origins }: Turn,
  at: number,
  count: number,
  invocation: Invocation,
  download: Download,
): Promise<Outcome> {
  const { io, begun } = invocation;
  const left = timeLeft(invocation);
  if (left === 0) return { profile, code: exitCodeOf("cap-reached"), why: "not begun, for --max-duration was over" };
  if (!settings.quiet) io.stderr.write(`callreel: profile ${profile} (${at + 1} of ${count})\n`);
  const own = { ...settings, eachProfile: true, ...(left === undefined ? {} : { maxDuration: left }) };
  const turn = { ...invocation, settings: own, origins, begun: at === 0 ? begun : io.clock.monotonic() };
  try {
    return { profile, code: await download(turn) };
  } catch (thrown) {
    const error = asRecordingError(thrown);
    if (error.code === "bug" || error.code === "reader-gone") throw thrown;
    return { profile, code: exitCodeOf(error.code, io.stoppedBy()), why: error.message };
  }
}

/** `--max-duration` is for all of the profiles together. */
function timeLeft({ settings, io, begun }: Invocation): number | undefined {
  const { maxDuration } = settings;
  return maxDuration === undefined ? undefined : Math.max(0, begun + maxDuration - io.clock.monotonic());
}

function tell({ io, settings }: Invocation, turns: readonly Turn[], outcomes: readonly Outcome[]): void {
  const notBegun = turns.slice(outcomes.length);
  const lines = [
    ...outcomes
      .filter(({ code }) => code !== 0 || !settings.quiet)
      .map(({ profile, code, why }) => `profile ${profile}: ${words(code)}${why === undefined ? "" : `: ${why}`}`),
    ...notBegun.map(({ profile }) => `profile ${profile}: not begun`),
  ];
  for (const line of lines) io.stderr.write(`callreel: ${line}\n`);
}

function words(code: number): string {
  return code === 0 ? "complete" : `exit ${code}`;
}
