import { firstProfile, openSettingsFile, resolveSettings, type Settings, settingsPath } from "../cli/config.ts";
import { worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { openQuestions, type Questions } from "../cli/questions.ts";
import { wrapped } from "../cli/wrap.ts";
import { isBucket, ledgerDatabase } from "../composition/archive.ts";
import { checkFolders, checkLedger, checkProxy } from "../composition/archive-checks.ts";
import { logInWithBrowser } from "../composition/browser-login.ts";
import type { Wiring } from "../composition/http.ts";
import { keptRingCentral, profileOf, secretNames, secretsOf } from "../composition/kept-logins.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { askArchive } from "../composition/setup/archive-questions.ts";
import { givenSystem, requireAnswers, withPipedSecret } from "../composition/setup/given-answers.ts";
import {
  bucketKeys,
  keepProfile,
  ledgerKeys,
  systemOptions,
  withWholePaths,
} from "../composition/setup/keep-profile.ts";
import { nextCommand } from "../composition/setup/next-steps.ts";
import { askProfile, checkedName, chooseSystem } from "../composition/setup/profile-questions.ts";
import { askRingCentral } from "../composition/setup/ringcentral-guide.ts";
import { askTestRow, askTim } from "../composition/setup/tim-guide.ts";
import { checkLine, checkLogin } from "../composition/source-checks.ts";
import { ringcentralSettings } from "../composition/sources.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Check } from "../core/model/ports.ts";
import type { SourceName } from "../core/model/recording.ts";
import { forgetSession, hasSession } from "../sources/ringcentral/index.ts";

/** A login that is being set up: nothing of it is kept yet. */
interface Draft {
  readonly name: SourceName;
  readonly settings: Settings;
  /** Ids of a row to try the login with. */
  readonly args: readonly string[];
  /** The answers are being corrected: what is to be done elsewhere was said. */
  readonly again: boolean;
}

/**
 * Asks for one system's login, checks it as `doctor` does and keeps it in a profile. Nothing is kept unless the checks pass
 * or a person says so; without a terminal all answers come from flags, the environment and standard input.
 */
export async function setup(invocation: Invocation): Promise<number> {
  const { io, flags } = invocation;
  const file = await openSettingsFile(settingsPath(flags, io.env));
  const given = (await resolveSettings(flags, io.env, firstProfile(flags, io.env), true)).settings;
  const asking = io.stdin.isTTY && io.stderr.isTTY && !given.noInput;
  const questions = asking ? openQuestions(io) : undefined;
  const reporter = await openRunReporter({ ...invocation, settings: given });
  const wiring = { ...reporter, io };
  const undo: (() => void)[] = [];
  let [isBegun, isKept] = [questions !== undefined, false];
  try {
    let draft = await begin(invocation, given, file, questions);
    isBegun = true;
    for (;;) {
      if (questions !== undefined) draft = await completed(draft, invocation, questions);
      const failed = await tried(draft, invocation, wiring, undo);
      const next = failed.length === 0 ? "keep" : await afterFailure(failed, questions);
      if (next === "stop") return worst(failed.map(({ exitCode }) => exitCode ?? 2));
      if (next === "again") continue;
      await keep(draft, file, invocation);
      isKept = true;
      return 0;
    }
  } finally {
    if (isBegun && !isKept) {
      for (const forget of undo) forget();
      io.stderr.write("Nothing was kept.\n");
    }
    await reporter.close();
  }
}

type File = Awaited<ReturnType<typeof openSettingsFile>>;

/** Which system, which profile, and what is known of its login already. */
async function begin(
  { io, flags }: Invocation,
  given: Settings,
  file: File,
  questions: Questions | undefined,
): Promise<Draft> {
  let settings = given;
  let name = givenSystem(settings);
  if (questions !== undefined) {
    questions.say("callreel setup keeps one login to one system as a profile, for all later commands.");
    if (given.source === undefined) name = await chooseSystem(questions, name);
    if (given.profile === undefined || flags.profile === undefined) {
      const profile = await askProfile(questions, name as SourceName, file);
      settings = (await resolveSettings(flags, io.env, profile, true)).settings;
    }
  }
  const profile = checkedName(profileOf(settings));
  settings = await withPipedSecret({ ...settings, profile: [profile] }, io);
  settings = withWholePaths({ ...(await keptOf(name, settings, io)), ...settings }, io);
  if (questions === undefined) requireAnswers(name, settings);
  const system = name as SourceName;
  return { name: system, settings: { ...settings, source: system }, args: [], again: false };
}

async function keptOf(name: SourceName | undefined, settings: Settings, io: Invocation["io"]): Promise<Settings> {
  if (name === "ringcentral") return keptRingCentral(settings, io);
  const password = (await secretsOf(io)).get(secretNames(profileOf(settings)).tim);
  return name === undefined || password === undefined ? {} : { timPassword: password };
}

/** The draft with a person's answers. */
async function completed(draft: Draft, { io }: Invocation, questions: Questions): Promise<Draft> {
  const { name } = draft;
  const login = await (name === "tim" ? askTim : askRingCentral)(draft.settings, questions, draft.again);
  const settings = await askArchive(login, questions, io);
  const row = name === "tim" ? await askTestRow(io.cwd, questions) : { args: [] };
  questions.say("");
  return { name, settings: { ...settings, ...(row.rows && { rows: row.rows }) }, args: row.args, again: true };
}

/** The checks that failed; each is told. What they leave behind on this machine can be undone. */
async function tried(
  { name, settings, args }: Draft,
  invocation: Invocation,
  reporter: Omit<Wiring, "settings">,
  undo: (() => void)[],
): Promise<Check[]> {
  const { io } = invocation;
  const wiring = { ...reporter, settings };
  const failed: Check[] = [];
  const show = (check: Check) => {
    if (check.status === "failed") failed.push(check);
    io.stderr.write(checkLine(check, io.stderr));
  };
  if (name === "ringcentral") undo.push(await forgetting(wiring));
  if (name === "ringcentral" && settings.jwt === "") await logInWithBrowser(wiring);
  for (const check of [...checkFolders(settings, io), checkProxy(io)]) show(check);
  for await (const check of checkLedger(settings, io)) show(check);
  if (isBucket(settings)) {
    const { checkBucketOf } = await import("../composition/bucket.ts");
    for await (const check of checkBucketOf(settings, io, reporter)) show(check);
  }
  for await (const check of checkLogin(name, { ...invocation, settings, args }, reporter)) show(check);
  io.stop.throwIfAborted();
  return failed;
}

/** Forgets the session that the draft opened; one that was there before stays. */
async function forgetting(wiring: Wiring): Promise<() => void> {
  const settings = await ringcentralSettings(wiring);
  return hasSession(settings) ? () => {} : () => forgetSession(settings);
}

async function afterFailure(
  failed: readonly Check[],
  questions: Questions | undefined,
): Promise<"again" | "keep" | "stop"> {
  if (questions === undefined) return "stop";
  const title = `\n${failed.length} of the checks failed; nothing is kept yet.`;
  const choices = [
    { says: "correct the answers", names: ["correct", "again", "c"] },
    { says: "keep the profile as it is", names: ["keep", "k"] },
    { says: "stop", names: ["stop", "quit", "q", "s"] },
  ];
  return (["again", "keep", "stop"] as const)[await questions.choose(title, choices)] ?? "stop";
}

async function keep({ name, settings }: Draft, file: File, { io, flags }: Invocation): Promise<void> {
  const secrets = await secretsOf(io);
  if (io.stop.aborted) throw new RecordingError("interrupted", "Interrupted.");
  const kept = keepProfile({ name, settings, file, secrets, io });
  const profile = profileOf(settings);
  const say = (text: string) => io.stderr.write(`${wrapped(text, io.stderr.isTTY ? io.stderr.columns : undefined)}\n`);
  say(`\nKept as profile ${profile} in ${file.path}${kept ? `, its secrets in ${secrets.place}` : ""}.`);
  const unkept = unkeptInWords(settings);
  if (unkept !== undefined) say(unkept);
  say("Next, see how much there is and how long it takes; then the same without -n:");
  for (const variable of await overriding(name, settings, { io, flags })) {
    say(`callreel: warning: ${variable} is set to something else and takes precedence over the profile: unset it.`);
  }
  const config = typeof flags.config === "string" ? flags.config : undefined;
  io.stdout.write(`${nextCommand(name, { profile, config, rows: settings.rows?.[0] })}\n`);
}

/** What a profile never holds, and later commands need all the same. */
function unkeptInWords(settings: Settings): string | undefined {
  const keys = isBucket(settings) ? ["the bucket's keys"] : [];
  const { ledgerPasswordFile } = settings;
  if (ledgerDatabase(settings) !== undefined && ledgerPasswordFile === undefined) keys.push("the ledger's password");
  return keys.length === 0 ? undefined : `Not kept, but looked for anew by each command: ${keys.join(" and ")}.`;
}

/** Where values come from, other than the profile, that the next command will take instead of the ones just kept. */
async function overriding(name: SourceName, kept: Settings, { io, flags }: Pick<Invocation, "io" | "flags">) {
  const { settings, origins } = await resolveSettings({ config: flags.config }, io.env, profileOf(kept));
  const archiveKeys = ["dest", ...ledgerKeys, ...(isBucket(kept) ? bucketKeys : [])] as const;
  const keys = [...(Object.keys(systemOptions[name]) as (keyof Settings)[]), ...archiveKeys];
  const others = keys.filter((key) => settings[key] !== undefined && String(settings[key]) !== String(kept[key]));
  return others.map((key) => origins[key] as string).filter((origin) => /^[A-Z_]+$/.test(origin));
}
