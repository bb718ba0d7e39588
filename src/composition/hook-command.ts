import { type ChildProcessByStdio, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { Invocation } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import { splitWords } from "../core/text.ts";

/** What a hook is told; each field becomes a variable `CALLREEL_HOOK_<FIELD>`. */
export type HookFields = Readonly<Record<string, string | number | undefined>>;

/** A command that a flag gives, ready to run. */
export interface HookCommand {
  /** Runs it once; resolves with why it failed, or with undefined when it ended with 0. `{}` becomes `file`. */
  run(fields: HookFields, file?: string): Promise<string | undefined>;
}

type World = Pick<Invocation, "settings" | "io" | "begun">;

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
  const why = program.includes("/") ? "does not exist or is not executable" : "is not in any folder of PATH";
  throw new RecordingError("usage", `${flag}: ${program} ${why}. To run the line in a shell, add --shell.`);
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
  world: World,
  print: (text: string) => void,
): Promise<string | undefined> {
  const { settings, io } = world;
  return new Promise((settle) => {
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawn(name, args, {
        cwd: io.cwd,
        env,
        shell: settings.shell ?? false,
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      // Some errors, such as a too long argument, are thrown instead of told.
      return settle(cannotRun(name, error as NodeJS.ErrnoException));
    }
    const patience = openPatience(world, (signal) => child.kill(signal));
    const end = (failure: string | undefined) => {
      patience[Symbol.dispose]();
      // What a command has left running in the background may hold them open for ever.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      settle(failure);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
    child.on("error", (error) => end(cannotRun(name, error)));
    child.on("close", (code, signal) => end(failureOf(name, code, signal)));
    child.on("exit", (code, signal) => {
      setTimeout(() => end(failureOf(name, code, signal)), lastWordsMs).unref();
    });
  });
}

/** How long a command's last output may be on its way when it has ended itself. */
const lastWordsMs = 500;
/** What a command gets to finish when the run is asked to stop, as transfers do; and to go by itself when told to. */
const graceMs = 5_000;
const goingMs = 2_000;
/** The longest that a command goes on, or is begun for, when `--max-duration` is over. */
const afterCapMs = 60_000;

/** Ends a command that outlives the run: politely, then for good. At once on the second signal. */
function openPatience({ io, settings, begun }: World, kill: (signal: NodeJS.Signals) => void): Disposable {
  const over = new AbortController();
  const later = (ms: number, act: () => void) => void io.clock.sleep(ms, over.signal).then(act, () => {});
  const end = () => {
    kill("SIGTERM");
    later(goingMs, () => kill("SIGKILL"));
  };
  const onStop = () => later(graceMs, end);
  io.stop.addEventListener("abort", onStop);
  io.abort.addEventListener("abort", end);
  if (io.abort.aborted) end();
  else if (io.stop.aborted) onStop();
  if (settings.maxDuration !== undefined) {
    later(Math.max(0, begun + settings.maxDuration - io.clock.monotonic()) + afterCapMs, end);
  }
  return {
    [Symbol.dispose]() {
      over.abort(new RecordingError("interrupted", "The command has ended."));
      io.stop.removeEventListener("abort", onStop);
      io.abort.removeEventListener("abort", end);
    },
  };
}

function cannotRun(name: string, { code }: NodeJS.ErrnoException): string {
  return `${name} cannot be run (${code ?? "error"})`;
}

function failureOf(name: string, code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return `${name} was killed by ${signal}`;
  return code === 0 ? undefined : `${name} exited with ${code}`;
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
