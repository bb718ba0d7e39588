import { spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline/promises";
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
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: io.stdin, output: options.hidden ? silent : io.stderr, terminal: true });
  const answered = new AbortController();
  try {
    // Asked only now, with the terminal already readline's: it draws the line anew, and a hidden answer has no echo.
    if (options.hidden) io.stderr.write(question);
    const answer = reader.question(options.hidden ? "" : question);
    return await Promise.race([answer, givenUp(reader, io.stop, answered.signal)]);
  } catch (error) {
    throw new RecordingError("interrupted", "Interrupted.", { cause: error });
  } finally {
    answered.abort();
    reader.close();
    if (options.hidden || io.stop.aborted) io.stderr.write("\n");
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
