import { createHash } from "node:crypto";
import { openAudioCheck } from "../../core/audio/check.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { AudioType } from "../../core/model/recording.ts";
import { openSpool } from "./spool.ts";

/** A recording on its way into the archive, for those who listen to it meanwhile. */
export interface Growing {
  readonly contentType: AudioType;
  /** Bytes of the whole recording, where the source told. */
  readonly total: number | undefined;
  /** The name its file will have. */
  readonly name: string;
  /** Keeps it readable until disposed; undefined when it is over. */
  hold(): Disposable | undefined;
  /**
   * Up to `most` bytes from `at` on, at least one, as soon as they are here; none at the end, which nobody reaches before
   * the archive has the recording. Rejects when what was given out will never be a whole recording.
   */
  read(at: number, most: number, signal: AbortSignal): Promise<Buffer>;
}

/** The same, for what brings the bytes. */
export interface Growth {
  /** Bytes taken so far. */
  readonly bytes: number;
  /** Whether they are known to be audio. */
  readonly audible: boolean;
  /** The SHA-256 of the bytes so far. */
  sha256(): string;
  /** A returned promise asks for a pause. */
  add(bytes: Uint8Array): void | Promise<void>;
  /** What listeners are given, once it is known how long it gets and what it will be called. */
  shown(total: number | undefined, nameFor: (type: AudioType) => string): Growing;
  /** The archive has the recording, with this hash; or it never will, or has another. */
  end(sha256: string | undefined): void;
}

/** Begins to gather a recording in `folder`; `heard` is called when its first bytes turn out to be audio. */
export function openGrowth(folder: string, heard: () => void): Growth {
  const condition = openCondition();
  const spool = openSpool(folder, condition.notify);
  const check = openAudioCheck();
  const hash = createHash("sha256");
  let bytes = 0;
  let ended: "whole" | "broken" | undefined;
  let holders = 0;

  function closeUnheld(): void {
    if (ended !== undefined && holders === 0) void spool.close();
  }

  /** The last byte is held back: whoever has the whole answer has a whole recording. */
  function readable(total: number | undefined): number {
    return ended === "whole" || total === undefined ? spool.length : Math.min(spool.length, total - 1);
  }

  return {
    get bytes() {
      return bytes;
    },
    get audible() {
      return check.type !== undefined && !spool.failed;
    },
    sha256: () => hash.copy().digest("hex"),
    add(more) {
      if (ended !== undefined) return undefined;
      const unheard = check.type === undefined;
      if (unheard) check.chunk(more);
      hash.update(more);
      bytes += more.length;
      const pause = spool.append(more);
      if (unheard && check.type !== undefined) heard();
      return pause;
    },
    shown: (total, nameFor) => ({
      contentType: check.type as AudioType,
      total,
      name: nameFor(check.type as AudioType),
      hold() {
        if (ended !== undefined && holders === 0) return undefined;
        holders += 1;
        return {
          [Symbol.dispose]() {
            holders -= 1;
            closeUnheld();
          },
        };
      },
      async read(at, most, signal) {
        for (;;) {
          if (ended === "broken" || spool.failed) throw new RecordingError("interrupted", "The fetch broke off.");
          const length = readable(total);
          if (at < length) return spool.read(at, Math.min(most, length - at));
          if (ended === "whole" && at >= bytes) return Buffer.alloc(0);
          await condition.wait(signal);
        }
      },
    }),
    end(sha256) {
      ended ??= sha256 === hash.copy().digest("hex") ? "whole" : "broken";
      closeUnheld();
      condition.notify();
    },
  };
}

/** Wakes all who wait for the next change of something. */
export interface Condition {
  notify(): void;
  /** Resolves at the next ring; rejects with the signal's reason when it aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

export function openCondition(): Condition {
  const waiting = new Set<() => void>();
  return {
    notify() {
      for (const wake of [...waiting]) wake();
    },
    wait(signal) {
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", abort);
        };
        const wake = () => {
          leave();
          resolve();
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        if (signal.aborted) return reject(signal.reason);
        waiting.add(wake);
        signal.addEventListener("abort", abort);
      });
    },
  };
}
