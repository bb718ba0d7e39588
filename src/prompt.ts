import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { RecordingError } from "./core/errors.ts";
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
