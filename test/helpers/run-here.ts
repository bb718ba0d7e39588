import { main } from "../../src/cli/program.ts";
import { cleanEnv, type Finished } from "./bin.ts";
import { testIo } from "./test-io.ts";

/**
 * Runs a command to its end in this process: a tenth of what the built program costs, with all that it reads, writes and
 * sends. For what is not about the process itself: its signals, threads, arguments and two of them at once.
 */
export async function runHere(
  args: readonly string[],
  options: {
    env?: Record<string, string | undefined>;
    cwd?: string;
    input?: string | Buffer;
    /** How far ahead of this machine's its clock is; 0 unless told. */
    aheadMs?: number;
  } = {},
): Promise<Omit<Finished, "signal" | "stdout">> {
  const given = Object.entries({ ...cleanEnv, ...options.env }).filter(([, value]) => value !== undefined);
  const io = testIo(Object.fromEntries(given) as Record<string, string>, options.input);
  const { cwd = io.cwd, aheadMs = 0 } = options;
  const clock = { ...io.clock, now: () => io.clock.now() + aheadMs };
  const code = await main(args, { ...io, cwd, clock });
  return { code, out: io.out(), err: io.err() };
}
