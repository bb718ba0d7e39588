import { spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { RecordingError } from "../core/model/errors.ts";
import type { Io } from "./io.ts";

/**
 * Asks on the terminal; `hidden` echoes nothing. Without a terminal, or with --no-input, a `usage` error that says what to
 * set instead; `interrupted` when the person gives up.
 */
export async function ask(
  question: string,
  io: Io,
  options: { hidden?: boolean; noInput: boolean; instead: string },
): Promise<string> {
  if (options.noInput || !io.stdin.isTTY) {
    throw new RecordingError("usage", `${question.trim()} cannot be asked without a terminal: ${options.instead}.`);
  }
  const typedAhead = ahead.get(io.stdin)?.shift();
  if (typedAhead !== undefined) {
    io.stderr.write(`${question}${options.hidden ? "" : typedAhead}\n`);
    return typedAhead;
  }
  return askNow(question, io, options.hidden ?? false);
}

/** Lines that came together with the answer before them, as from a paste: they answer the next questions. */
const ahead = new WeakMap<object, string[]>();

async function askNow(question: string, io: Io, hidden: boolean): Promise<string> {
  let silent = hidden;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!silent) io.stderr.write(chunk);
      done();
    },
  });
  const columns = { columns: io.stderr.columns || 80 };
  const reader = createInterface({ input: io.stdin, output: Object.assign(output, columns), terminal: true });
  const lines: string[] = [];
  const first = new Promise<string>((resolve) => {
    reader.on("line", (line) => {
      // What comes with it was not meant for the screen: it may be a password.
      silent = true;
      if (lines.push(line) === 1) resolve(line);
    });
  });
  const answered = new AbortController();
  try {
    // Asked only now, with the terminal already readline's: it draws the line anew, and a hidden answer has no echo.
    if (hidden) io.stderr.write(question);
    reader.setPrompt(hidden ? "" : question);
    reader.prompt();
    const answer = await Promise.race([first, givenUp(reader, io.stop, answered.signal)]);
    if (hidden) io.stderr.write("\n");
    return answer;
  } catch (error) {
    io.stderr.write("\n");
    throw new RecordingError("interrupted", "Interrupted.", { cause: error });
  } finally {
    answered.abort();
    silent = true;
    reader.close();
    ahead.set(io.stdin, lines.slice(1));
  }
}

/** Rejects when nobody will answer any more: Ctrl-C, which the terminal hands to readline, Ctrl-D, a signal. */
function givenUp(reader: Interface, stop: AbortSignal, answered: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error("Nobody answers."));
    for (const event of ["SIGINT", "close"]) reader.once(event, end);
    stop.addEventListener("abort", end, { once: true, signal: answered });
    if (stop.aborted) end();
  });
}

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens the address in the person's browser if there is one; without one nothing happens. */
export function openBrowser(address: string, { platform, env }: Io): void {
  const [command, ...args] = env.BROWSER ? [env.BROWSER] : (openers[platform] ?? ["xdg-open"]);
  const child = spawn(command as string, [...args, address], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
