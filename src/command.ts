import type { Origin, RawFlags, Settings } from "./config.ts";
import type { Io } from "./io.ts";

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
}

/** A verb: does its work and returns the exit code; throws RecordingError with the sentence to print. */
export type Command = (invocation: Invocation) => Promise<number>;
