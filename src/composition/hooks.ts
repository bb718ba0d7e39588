import { type ChildProcessByStdio, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import pLimit from "p-limit";
import type { Invocation } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Reporter } from "../core/model/ports.ts";
import type { Call, RecordingKey, Stored } from "../core/model/recording.ts";
import { splitWords } from "../core/text.ts";
import { openHttp } from "../http/client.ts";
import { archiveFolder } from "./archive.ts";
import { httpSettingsOf } from "./http.ts";

/** Where hooks speak: warnings to the log, what a command prints to wherever messages keep clear of the bars. */
export interface HookVoice {
  warn(message: string): void;
  print(text: string): void;
}

/** Which recordings still want their `--exec`: kept, so that a command that failed or never ran is not forgotten. */
export type HookBook = Pick<Archive, "hookEnded" | "hooksOwed">;

/** Runs beside a download; `endedBy` tells it of an end before the run could say so itself. */
export interface Hooks extends Reporter {
  /** Whether each finished recording wants a command. */
  readonly perRecording: boolean;
  /** From now on the outcome of each `--exec` is noted there. */
  noteIn(book: HookBook): void;
  /** Waits for the `--exec` commands under way and says how many have failed. */
  settled(): Promise<number>;
  /** Runs `--exec` again for each recording that still wants it; resolves with how many ran well and how many failed. */
  repeat(): Promise<{ readonly done: number; readonly failed: number }>;
  endedBy(exitCode: number): void;
}

/** A recording as `--exec` is told of it. */
type Finished = Pick<Stored, "path" | "bytes" | "sha256" | "contentType"> & {
  readonly key: RecordingKey;
  readonly call: Call;
};

const commandsAtOnce = 2;

/** What runs beside a download: `--exec` for each finished file, `--exec-after` and `--ping` at the end. */
export function openHooks(invocation: Invocation, voice: HookVoice): Hooks {
  const { settings, io } = invocation;
  const { exec, execAfter, ping } = settings;
  const open = (flag: string, command: string | undefined) =>
    command === undefined ? undefined : openHookCommand(flag, command, invocation, voice.print);
  const each = open("--exec", exec);
  const after = open("--exec-after", execAfter);
  const root = archiveFolder(settings, io);
  const queue = openQueue(each, root, voice, io.stop);
  let finished: Extract<DownloadEvent, { event: "run-finished" }> | undefined;
  let exitCode: number | undefined;
  return {
    perRecording: each !== undefined,
    noteIn: queue.noteIn,
    settled: queue.settled,
    repeat: queue.repeat,
    endedBy(code) {
      exitCode ??= code;
    },
    report(event) {
      if (event.event === "run-finished") {
        finished = event;
        exitCode = event.exitCode;
      }
      if (event.event === "recording-done") queue.add(event);
    },
    async close() {
      await queue.settled();
      if (finished !== undefined && after !== undefined) {
        const { stoppedBy: _, reasons: __, event: ___, absent: ____, ...counts } = finished;
        const failure = await after.run({ ...counts, dest: root });
        if (failure !== undefined) voice.warn(`--exec-after: ${failure}.`);
      }
      if (ping !== undefined && exitCode !== undefined) await callPing(ping, exitCode, invocation, voice);
    },
  };
}

/** The `--exec` commands of a run, some at a time. */
function openQueue(command: HookCommand | undefined, root: string, { warn }: HookVoice, stop: AbortSignal) {
  const limit = pLimit(commandsAtOnce);
  const running = new Set<Promise<void>>();
  let book: HookBook | undefined;
  let failed = 0;

  async function runFor(recording: Finished): Promise<boolean> {
    const { call, key, path, bytes, sha256, contentType } = recording;
    const file = join(root, path);
    const failure = await command?.run({ ...call, key, path, bytes, sha256, contentType, file }, file);
    if (failure !== undefined) {
      failed += 1;
      warn(`--exec: ${failure} for ${file}.`);
    }
    await book?.hookEnded(key, failure).catch((error: unknown) => {
      warn(`--exec: its outcome for ${file} could not be noted (${error instanceof Error ? error.message : error}).`);
    });
    return failure === undefined;
  }

  return {
    noteIn(given: HookBook) {
      book = given;
    },
    add(recording: Finished) {
      if (command === undefined) return;
      const done: Promise<void> = limit(runFor, recording).then(() => {
        running.delete(done);
      });
      running.add(done);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
      return failed;
    },
    async repeat() {
      if (command === undefined) throw new RecordingError("usage", "--exec-failed repeats --exec: give its command.");
      let done = 0;
      for await (const entries of book?.hooksOwed() ?? []) {
        await Promise.all(
          entries.map(({ ref, stored }) =>
            limit(async () => {
              if (stored !== undefined && !stop.aborted && (await runFor({ ...stored, key: ref.key, call: ref.call })))
                done += 1;
            }),
          ),
        );
      }
      return { done, failed };
    },
  };
}

/** Tells a monitor how the run ended: URL when good, URL/fail when not. */
async function callPing(
  url: string,
  exitCode: number,
  { settings, io }: Invocation,
  { warn }: HookVoice,
): Promise<void> {
  // Another run holds the archive: that one tells the monitor.
  if (exitCode === 11) return;
  const target = exitCode === 0 || exitCode === 8 ? url : `${url.replace(/\/$/, "")}/fail`;
  await using http = openHttp({ ...httpSettingsOf(settings, io), timeoutMs: 10_000 });
  try {
    const { status } = await http.request({ url: target }, AbortSignal.timeout(15_000));
    if (status >= 400) warn(`--ping: the monitor answered ${status}.`);
  } catch {
    warn("--ping: the monitor could not be reached.");
  }
}

/** What a hook is told; each field becomes a variable `CALLREEL_HOOK_<FIELD>`. */
export type HookFields = Readonly<Record<string, string | number | undefined>>;

/** A command that a flag gives, ready to run. */
export interface HookCommand {
  /** Runs it once; resolves with why it failed, or with undefined when it ended with 0. `{}` becomes `file`. */
  run(fields: HookFields, file?: string): Promise<string | undefined>;
}

type World = Pick<Invocation, "settings" | "io">;

/**
 * The command of `--exec` or `--exec-after`. It runs without a shell unless `--shell` asks for one. Throws `usage` when
 * it cannot be taken apart, and, without a shell, when its program is not there or may not be executed.
 */
export function openHookCommand(
  flag: string,
  command: string,
  world: World,
  print: (text: string) => void,
): HookCommand {
  const shell = world.settings.shell ?? false;
  const [program, ...rest] = splitWords(command);
  if (!shell) mustBeExecutable(flag, program, world);
  return {
    run(fields, file = "") {
      const [name, ...args] = shell ? [command] : [program, ...rest].map((word) => word.replaceAll("{}", file));
      return runOnce(name as string, args, environmentOf(fields, world), world, print);
    },
  };
}

/** A typing error is told before anything is fetched, not once for each recording. */
function mustBeExecutable(flag: string, program: string, { io }: World): void {
  // Windows finds programs by rules of its own (PATHEXT): there the first run tells.
  if (process.platform === "win32") return;
  const places = program.includes("/")
    ? [resolve(io.cwd, program)]
    : (io.env.PATH ?? "/usr/bin:/bin").split(delimiter).map((folder) => join(resolve(io.cwd, folder), program));
  if (places.some(isExecutable)) return;
  const why = program.includes("/") ? "is not there or not executable" : "is in no folder of PATH";
  throw new RecordingError("usage", `${flag}: ${program} ${why}. With --shell a shell runs the line.`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function runOnce(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  { settings, io }: World,
  print: (text: string) => void,
): Promise<string | undefined> {
  const cannotRun = ({ name: kind, code }: NodeJS.ErrnoException) =>
    kind === "AbortError" ? `${name} was ended` : `${name} cannot be run (${code ?? "error"})`;
  return new Promise((settle) => {
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawn(name, args, {
        cwd: io.cwd,
        env,
        shell: settings.shell ?? false,
        signal: io.abort,
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      // Some errors, such as a too long argument, are thrown instead of told.
      return settle(cannotRun(error as NodeJS.ErrnoException));
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
    child.on("error", (error) => settle(cannotRun(error)));
    child.on("close", (code, signal) => settle(failureOf(name, code, signal)));
  });
}

function failureOf(name: string, code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return `${name} was ended by ${signal}`;
  return code === 0 ? undefined : `${name} ended with ${code}`;
}

/** What every program needs to find its way; on Windows under the names that it has there. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SystemRoot|ComSpec|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA)$/i;

/** A clean environment: no secret of ours, no twin of a flag, only what `--exec-env` names beside the fields. */
function environmentOf(fields: HookFields, { settings, io }: World): Record<string, string> {
  const named = new Set(settings.execEnv);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(io.env)) {
    if (value !== undefined && (passedOn.test(name) || named.has(name))) env[name] = value;
  }
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    // No environment can hold a NUL.
    env[`CALLREEL_HOOK_${name}`] = String(value).replaceAll("\0", "");
  }
  return env;
}
