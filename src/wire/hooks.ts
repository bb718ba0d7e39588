import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import pLimit from "p-limit";
import type { Invocation } from "../command.ts";
import type { DownloadEvent } from "../core/events.ts";
import type { Reporter } from "../core/ports.ts";
import { splitWords } from "../core/words.ts";
import { openHttp } from "../http.ts";
import { archiveFolder } from "./archive.ts";
import { httpSettingsOf } from "./http.ts";

/** Where hooks speak: warnings to the log, what a command prints to wherever messages keep clear of the bars. */
export interface HookVoice {
  warn(message: string): void;
  print(text: string): void;
}

/** Runs beside a download; `endedBy` tells it of an end before the run could say so itself. */
export interface Hooks extends Reporter {
  endedBy(exitCode: number): void;
}

type Variables = Readonly<Record<string, string | number | undefined>>;

const commandsAtOnce = 2;

/**
 * What runs beside a download: `--exec` for each finished file, `--exec-after` and `--ping` at the end. A command gets
 * the fields as CALLREEL_… variables; one that fails is warned about and changes nothing.
 */
export function openHooks(invocation: Invocation, voice: HookVoice): Hooks {
  const { settings, io } = invocation;
  const { exec, execAfter, ping } = settings;
  const words = exec === undefined ? undefined : splitWords(exec);
  if (execAfter !== undefined) splitWords(execAfter);
  const limit = pLimit(commandsAtOnce);
  const running = new Set<Promise<void>>();
  const start = (task: () => Promise<void>) => {
    const done: Promise<void> = limit(task).finally(() => running.delete(done));
    running.add(done);
  };
  const root = archiveFolder(settings, io);
  let finished: Extract<DownloadEvent, { event: "run-finished" }> | undefined;
  let exitCode: number | undefined;
  return {
    endedBy(code) {
      exitCode ??= code;
    },
    report(event) {
      if (event.event === "run-finished") {
        finished = event;
        exitCode = event.exitCode;
      }
      if (event.event !== "recording-done" || words === undefined || exec === undefined) return;
      const file = join(root, event.path);
      const variables = { ...event.call, ...event, file, call: undefined, event: undefined };
      start(() => runCommand("--exec", exec, variables, invocation, voice, file));
    },
    async close() {
      await Promise.all(running);
      if (finished !== undefined && execAfter !== undefined) {
        const { stoppedBy: _, reasons: __, event: ___, ...counts } = finished;
        await runCommand("--exec-after", execAfter, { ...counts, dest: root }, invocation, voice);
      }
      if (ping !== undefined && exitCode !== undefined) await callPing(ping, exitCode, invocation, voice);
    },
  };
}

/** Runs a command, without a shell unless `--shell` asks for one; `{}` becomes the file. */
function runCommand(
  flag: string,
  command: string,
  variables: Variables,
  { settings, io }: Invocation,
  { warn, print }: HookVoice,
  file = "",
): Promise<void> {
  const env = { ...io.env, ...environmentOf(variables) } as NodeJS.ProcessEnv;
  const [name, ...args] = settings.shell ? [command] : splitWords(command).map((word) => word.replaceAll("{}", file));
  const cannotRun = (error: NodeJS.ErrnoException) =>
    warn(`${flag}: ${name} ${error.name === "AbortError" ? "was ended" : `cannot be run (${error.code ?? "error"})`}.`);
  return new Promise((resolve) => {
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      const shell = settings.shell ?? false;
      child = spawn(name as string, args, {
        cwd: io.cwd,
        env,
        shell,
        signal: io.abort,
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      // Some errors, such as a too long argument, are thrown instead of told.
      cannotRun(error as NodeJS.ErrnoException);
      return resolve();
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
    child.on("error", (error) => {
      cannotRun(error);
      resolve();
    });
    child.on("close", (code, signal) => {
      // A code below 0 is that of a command which never ran.
      if (code !== null && code > 0) warn(`${flag}: ${name} ended with ${code}${file === "" ? "" : ` for ${file}`}.`);
      if (signal !== null && !io.abort.aborted) warn(`${flag}: ${name} was ended by ${signal}.`);
      resolve();
    });
  });
}

function environmentOf(variables: Variables): Record<string, string> {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [
      `CALLREEL_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      // No environment can hold a NUL.
      String(value).replaceAll("\0", ""),
    ]),
  );
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
