import { main } from "../../src/cli/program.ts";
import { testIo } from "./test-io.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end in this process: a tenth of what the built program costs, for tables of many runs. */
export async function runHere(args: readonly string[], options: { env: Record<string, string> }): Promise<Ended> {
  const io = testIo({ NO_PROXY: "127.0.0.1", ...options.env });
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}
