import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { RecordingError } from "../core/model/errors.ts";
import type { Io } from "./io.ts";

/** Asks on the terminal; `hidden` echoes nothing. Without a terminal, or with --no-input, a `usage` error that says what to set instead. */
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
  try {
    // Asked only now, with the terminal already readline's: it draws the line anew, and a hidden answer has no echo.
    if (options.hidden) io.stderr.write(question);
    const answer = await reader.question(options.hidden ? "" : question, { signal: io.stop });
    if (options.hidden) io.stderr.write("\n");
    return answer;
  } finally {
    reader.close();
  }
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
