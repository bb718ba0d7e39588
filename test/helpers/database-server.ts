import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A user that a database server agrees to run as. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** `name`'s ids when this process is root, whom database servers refuse; else nobody special. */
export function serverUser(name: string): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const id = (kind: "-u" | "-g") => Number(spawnSync("id", [kind, name], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

/** A folder that belongs to that user. */
export function serverFolder(name: string, { uid, gid }: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `callreel-${name}-`));
  chmodSync(folder, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** Runs a preparing program to its end; what it complains of is in the error. */
export async function prepare(
  program: string,
  parameters: readonly string[],
  { env, ...user }: ServerUser & { readonly env?: NodeJS.ProcessEnv },
  folder: string,
): Promise<void> {
  const child = spawn(program, parameters, {
    ...user,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    ...(env && { env }),
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`${program} failed: ${said}`);
}

/** Kills a server when this process exits without having stopped it, as one that is interrupted. */
export function endWithUs(server: ChildProcess): void {
  const end = () => server.kill("SIGKILL");
  process.once("exit", end);
  server.once("exit", () => process.off("exit", end));
}

/** A server that can be stopped, and started again with what it has; stopped and its folder removed on disposal. */
interface Server extends AsyncDisposable {
  /** Ends it with this signal; SIGINT unless told. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

/** A server's process, once `answers` succeeds. */
export async function startServer(
  program: string,
  parameters: readonly string[],
  user: ServerUser,
  folder: string,
  answers: () => Promise<void>,
): Promise<Server> {
  let end = async (_signal: NodeJS.Signals) => {};
  const start = async () => {
    const server: ChildProcess = spawn(program, parameters, {
      ...user,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    endWithUs(server);
    let complaint = "";
    server.stderr?.on("data", (text) => {
      complaint = (complaint + text).slice(-4000);
    });
    const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
    end = async (signal) => {
      server.kill(signal);
      const hurry = setTimeout(() => server.kill("SIGKILL"), 60_000);
      await ended;
      clearTimeout(hurry);
    };
    await answered(server, answers, () => new Error(`${program} did not start: ${complaint}`));
  };
  const dispose = async () => {
    // Both servers take it for "at once": nothing in them is worth saving.
    await end("SIGQUIT");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { start, stop: (signal = "SIGINT") => end(signal), [Symbol.asyncDispose]: dispose };
}

async function answered(server: ChildProcess, answers: () => Promise<void>, failed: () => Error): Promise<void> {
  const patience = Date.now() + 150_000;
  for (;;) {
    try {
      return await answers();
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > patience) throw Object.assign(failed(), { cause });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on now. It lies below those that systems hand out by themselves: no test beside
 * this one gets it before it is used, and none while its server is stopped.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
