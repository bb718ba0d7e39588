import type { Readable, Writable } from "node:stream";
import type { Clock } from "../core/model/ports.ts";
import type { Origin, RawFlags, Settings } from "./config.ts";
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

/** What a command is called with. */
export interface Invocation {
  readonly io: Io;
  /** When the program began, in monotonic milliseconds. */
  readonly begun: number;
  readonly args: readonly string[];
  readonly settings: Settings;
  /** The flags as typed. */
  readonly flags: RawFlags;
  /** The same settings under a further profile. */
  readonly underProfile: (name: string) => Promise<Settings>;
  readonly origins: Readonly<Record<string, Origin>>;
  /** Owner of the lease under which this machine downloads the profile, where several machines share them. */
  readonly lease?: string;
}

/** A verb: does its work and returns the exit code; throws RecordingError with the sentence to print. */
export type Command = (invocation: Invocation) => Promise<number>;
