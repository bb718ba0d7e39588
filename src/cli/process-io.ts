import { RecordingError } from "../core/model/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { exitCodeOf, type StopSignal } from "./exit-codes.ts";
import type { Io } from "./io.ts";

/** This process as an Io: streams, signals and the system's clock. `flush` waits until what was written has left. */
export function processIo(): Io & { flush(): Promise<void> } {
  const stop = new AbortController();
  const abort = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const onSignal = (signal: StopSignal) => {
    const reason = new RecordingError("interrupted", "Interrupted.");
    if (stop.signal.aborted) abort.abort(reason);
    stoppedBy ??= signal;
    stop.abort(reason);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => onSignal(signal));
  endWithoutStdout();
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    pid: process.pid,
    clock: systemClock,
    random: Math.random,
    stop: stop.signal,
    abort: abort.signal,
    stoppedBy: () => stoppedBy,
    flush: async () => {
      await Promise.all([drained(process.stdout), drained(process.stderr)]);
    },
  };
}

/** A reader of stdout that goes away ends the program without a word, as pipes expect; a full disk behind it with one. */
function endWithoutStdout(): void {
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit(exitCodeOf("reader-gone"));
    process.stderr.write(
      `callreel: Cannot write to standard output (${code}). Free some space where it goes, then run again.\n`,
    );
    process.exit(exitCodeOf("disk-io"));
  });
  process.stderr.on("error", () => {});
}

/** Also where nothing waits any more: that a reader is gone is heard one turn after the write that it missed. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
