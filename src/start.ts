import { setMaxListeners } from "node:events";
import type { Io } from "./io.ts";
import { processIo } from "./process-io.ts";
import { readyAnswer } from "./ready-answer.ts";

/** Runs the program in this process and leaves its exit code behind. */
export async function run(): Promise<void> {
  // Every transfer listens to the run's signals; Node warns at eleven.
  setMaxListeners(1000);
  const io = processIo();
  const argv = process.argv.slice(2);
  const ready = readyAnswer(argv, io.stdout);
  if (ready !== undefined) io.stdout.write(ready);
  const code = ready === undefined ? await runCommand(argv, io) : 0;
  await io.flush();
  process.exit(code);
}

async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  (await import("./v8-settings.ts")).keepHeapSmall();
  return (await import("./cli.ts")).main(argv, io);
}
