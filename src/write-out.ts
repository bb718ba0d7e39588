import { once } from "node:events";
import type { Io } from "./io.ts";

/** Writes data to stdout and, where the reader is slow, waits until it has made room. */
export async function writeOut(text: string, { stdout, stop }: Io): Promise<void> {
  if (text !== "" && !stdout.write(text)) await once(stdout, "drain", { signal: stop });
}
