import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TimWorld } from "../e2e/tim-world.ts";
import { type Finished, run } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";

export const ways = ["kill", "EIO", "ENOSPC"] as const;
export type Way = (typeof ways)[number];

/** One command, and what must be true of it whenever it breaks. */
export interface Scene {
  readonly command: readonly string[];
  /** What the command ends with when nothing breaks; 0 if not given. */
  readonly ends?: number;
  /** Where changes count: every path that begins so. */
  readonly under: string;
  /** What is missing though the command said 0, or false though it failed; nothing when all is well. */
  readonly wrong: (first: Finished) => string | undefined;
  /** What is done between the break and the second run, and what came of it that is wrong. */
  readonly between?: () => Promise<string | undefined>;
  /** Makes room for the second run; what it is to be called with, if not the same again. */
  readonly again?: () => readonly string[];
  /** What is wrong once the second run has completed. */
  readonly incomplete: () => string | undefined;
}

/** The shim that breaks a program at a step, compiled into `folder`; undefined where there is no compiler. */
export function compileShim(folder: string): string | undefined {
  const source = fileURLToPath(new URL("./break-at.c", import.meta.url));
  const shim = join(folder, "break-at.so");
  const compiled = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], { encoding: "utf8" });
  if (compiled.error !== undefined) return undefined;
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return shim;
}

/** How many changes the scene's command makes to files when nothing breaks. */
export async function stepsOf(scene: Scene, world: TimWorld, shim: string): Promise<number> {
  const log = join(world.home, "steps.log");
  rmSync(log, { force: true });
  const env = { ...world.env, LD_PRELOAD: shim, BREAK_UNDER: scene.under, BREAK_LOG: log };
  const whole = await run(scene.command, { env });
  if (whole.code !== (scene.ends ?? 0))
    throw new Error(`${scene.command[0]} ends with ${whole.code} by itself: ${whole.err}`);
  const wrong = scene.wrong(whole) ?? scene.incomplete();
  if (wrong !== undefined) throw new Error(`${scene.command[0]} by itself: ${wrong}`);
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").length : 0;
}

/** Breaks the command at one step, then runs it again and verifies; says what was wrong, if anything. */
export async function broken(
  scene: Scene,
  world: TimWorld,
  shim: string,
  how: Way,
  at: number,
): Promise<string | undefined> {
  const { env } = world;
  const broken = { ...env, LD_PRELOAD: shim, BREAK_UNDER: scene.under, BREAK_AT: String(at), BREAK_HOW: how };
  const first = await run(scene.command, { env: broken });
  if (/\n\s+at .*:\d+/.test(first.err) || first.code === 1) return `a stack trace or a bug: ${first.err}`;
  const falsehood = soundly(world, () => scene.wrong(first));
  if (falsehood !== undefined) return `after ${first.signal ?? first.code}: ${falsehood}; ${first.err}`;
  const meddled = await scene.between?.();
  if (meddled !== undefined) return `between: ${meddled}; before: ${first.err}`;
  const second = await runHere(scene.again?.() ?? scene.command, { env });
  if (second.code !== (scene.ends ?? 0))
    return `the next run ends with ${second.code}: ${second.out}${second.err}; before: ${first.err}`;
  const unfinished = soundly(world, scene.incomplete);
  if (unfinished !== undefined) return `after the next run: ${unfinished}; ${second.err}; before: ${first.err}`;
  const verified = await runHere(["verify", "-d", world.archive], { env });
  return verified.code === 0
    ? undefined
    : `verify: ${verified.code} ${verified.out}${verified.err}; before: ${first.err}`;
}

/** How many recordings stand in the archive, if there is one by now; throws on a file that holds no recording's bytes. */
export function held(world: TimWorld): number {
  return existsSync(world.archive) ? world.held().size : 0;
}

/** What the check finds, once no file holds false bytes. */
function soundly(world: TimWorld, check: () => string | undefined): string | undefined {
  try {
    held(world);
    return check();
  } catch (error) {
    return String(error);
  }
}

/** Keeps a folder as it is, and brings it back as often as needed. */
export function snapshot(folder: string, aside: string): () => void {
  if (existsSync(folder)) cpSync(folder, aside, { recursive: true, preserveTimestamps: true });
  return () => {
    rmSync(folder, { recursive: true, force: true });
    if (existsSync(aside)) cpSync(aside, folder, { recursive: true, preserveTimestamps: true });
  };
}
