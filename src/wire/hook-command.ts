import { type ChildProcessByStdio, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { splitWords } from "../core/words.ts";

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
