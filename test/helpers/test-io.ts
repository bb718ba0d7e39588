import { PassThrough, Readable } from "node:stream";
import type { Io } from "../../src/cli/io.ts";
import { systemClock } from "../../src/platform/clock.ts";

export interface TestIo extends Io {
  /** What was written so far. */
  out(): string;
  err(): string;
  interrupt(): void;
}

/** A world for an in-process run of the program: captured streams, an environment of its own, a real clock. */
export function testIo(env: Record<string, string>, input: string | Buffer = ""): TestIo {
  const stop = new AbortController();
  const stdout = captured();
  const stderr = captured();
  return {
    stdin: Readable.from(input.length === 0 ? [] : [input]) as Io["stdin"],
    stdout: stdout.stream,
    stderr: stderr.stream,
    // From eight on transfers have threads, which run the built program; here all runs in this process.
    env: { CALLREEL_TRANSFERS: "4", ...env },
    cwd: env.HOME ?? process.cwd(),
    platform: process.platform,
    pid: process.pid,
    clock: systemClock,
    random: Math.random,
    stop: stop.signal,
    abort: new AbortController().signal,
    stoppedBy: () => (stop.signal.aborted ? "SIGINT" : undefined),
    out: stdout.text,
    err: stderr.text,
    interrupt: () => stop.abort(),
  };
}

function captured(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
