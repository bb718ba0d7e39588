import type { Readable, Writable } from "node:stream";
import type { Clock } from "./core/ports.ts";
import type { StopSignal } from "./exit-codes.ts";

/** The world, handed in once: what a command may touch of the process it runs in. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: string;
  readonly pid: number;
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  /** Aborted with a RecordingError `interrupted`: finish nothing new. */
  readonly stop: AbortSignal;
  /** Aborted on the second signal: drop everything. */
  readonly abort: AbortSignal;
  /** The signal that asked for the stop, for the exit code. */
  readonly stoppedBy: () => StopSignal | undefined;
}
