import { spawn } from "node:child_process";
import { join } from "node:path";
import pLimit from "p-limit";
import type { Invocation } from "../command.ts";
import type { DownloadEvent } from "../core/events.ts";
import type { Reporter } from "../core/ports.ts";
import { splitWords } from "../core/words.ts";
import { openHttp } from "../http.ts";
import { archiveFolder } from "./archive.ts";
import { httpSettingsOf } from "./http.ts";

type Warn = (message: string) => void;
type Variables = Readonly<Record<string, string | number | undefined>>;

const commandsAtOnce = 2;

/**
 * What runs beside a download: `--exec` for each finished file, `--exec-after` and `--ping` at the end. A command gets
 * the fields as CALLREEL_… variables; one that fails is warned about and changes nothing.
 */
export function openHooks(invocation: Invocation, warn: Warn): Reporter {
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
  return {
    report(event) {
      if (event.event === "run-finished") finished = event;
      if (event.event !== "recording-done" || words === undefined || exec === undefined) return;
      const file = join(root, event.path);
      const variables = { ...event.call, ...event, file, call: undefined, event: undefined };
      start(() => runCommand("--exec", exec, variables, invocation, warn, file));
    },
    async close() {
      await Promise.all(running);
      if (finished === undefined) return;
      const { stoppedBy: _, reasons: __, event: ___, ...counts } = finished;
      if (execAfter !== undefined)
        await runCommand("--exec-after", execAfter, { ...counts, dest: root }, invocation, warn);
      if (ping !== undefined) await callPing(ping, finished.exitCode, invocation, warn);
    },
  };
}

/** Runs a command, without a shell unless `--shell` asks for one; `{}` becomes the file. Its output goes to stderr. */
function runCommand(
  flag: string,
  command: string,
  variables: Variables,
  { settings, io }: Invocation,
  warn: Warn,
  file = "",
): Promise<void> {
  const env = { ...io.env, ...environmentOf(variables) } as NodeJS.ProcessEnv;
  const [name, ...args] = settings.shell ? [command] : splitWords(command).map((word) => word.replaceAll("{}", file));
  return new Promise((resolve) => {
    const child = spawn(name as string, args, {
      cwd: io.cwd,
      env,
      shell: settings.shell ?? false,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => io.stderr.write(chunk));
    child.on("error", (error: NodeJS.ErrnoException) => {
      warn(`${flag}: ${name} cannot be run (${error.code ?? "error"}).`);
      resolve();
    });
    child.on("close", (code, signal) => {
      if (code !== 0 && code !== null) warn(`${flag}: ${name} ended with ${code}${file === "" ? "" : ` for ${file}`}.`);
      if (signal !== null) warn(`${flag}: ${name} was ended by ${signal}.`);
      resolve();
    });
  });
}

function environmentOf(variables: Variables): Record<string, string> {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [
      `CALLREEL_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      String(value),
    ]),
  );
}

/** Tells a monitor how the run ended: URL when good, URL/fail when not. */
async function callPing(url: string, exitCode: number, { settings, io }: Invocation, warn: Warn): Promise<void> {
  const target = exitCode === 0 || exitCode === 8 ? url : `${url.replace(/\/$/, "")}/fail`;
  await using http = openHttp({ ...httpSettingsOf(settings, io), timeoutMs: 10_000 });
  try {
    const { status } = await http.request({ url: target }, AbortSignal.timeout(15_000));
    if (status >= 400) warn(`--ping: the monitor answered ${status}.`);
  } catch {
    warn("--ping: the monitor could not be reached.");
  }
}
