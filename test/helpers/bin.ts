import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  readonly stdout: Buffer;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What was written so far. */
  out(): string;
  err(): string;
}

/** Not the home of whoever runs the tests, whose settings and logins are none of theirs. */
const home = join(tmpdir(), `callreel-home-${process.pid}`);
process.once("exit", () => rmSync(home, { recursive: true, force: true }));

/** Nothing of the machine's own settings. */
export const cleanEnv = { PATH: process.env.PATH, HOME: home, NO_PROXY: "127.0.0.1" };

/** Starts the built program as users do, in an environment that holds nothing of the machine's own settings. */
export function start(
  args: readonly string[],
  options: { env?: Record<string, string | undefined>; cwd?: string; input?: string | Buffer } = {},
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnv, ...options.env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const stdout = Buffer.concat(out);
      resolve({ code, signal, stdout, out: stdout.toString(), err: Buffer.concat(err).toString() });
    });
  });
  return { child, finished, out: () => Buffer.concat(out).toString(), err: () => Buffer.concat(err).toString() };
}

/** Runs the built program to its end. */
export function run(...call: Parameters<typeof start>): Promise<Finished> {
  return start(...call).finished;
}

/** Waits until `probe` gives a value; fails after `timeoutMs` with what the program said so far. */
export async function until<T>(
  probe: () => T | undefined | false,
  what: string,
  timeoutMs = 150_000,
  everyMs = 20,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
