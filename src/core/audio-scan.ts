import type { AudioType } from "./recording.ts";

/** Bytes a scanner asks for next; `type` says that from here on the kind of audio is certain. */
export interface Want {
  readonly at: number;
  readonly length: number;
  readonly type?: AudioType;
}

/** What is left to say once the headers are read. */
export interface Ending {
  readonly type: AudioType;
  /** Seconds of audio where known, given the body's whole length; throws `bad-audio` when the headers contradict it. */
  judge(totalBytes: number): number | undefined;
}

/**
 * Reads a body by asking for stretches of it, front to back; a stretch comes back shorter when the body ends in it.
 * Returns undefined when the body is no audio.
 */
export type Scanner = Generator<Want, Ending | undefined, Uint8Array>;

/** Feeds a body to a scanner as it arrives, and keeps no more of it than the stretch that is still incomplete. */
export interface Scan {
  readonly done: boolean;
  readonly type: AudioType | undefined;
  /** Set once `done`; undefined then means "no audio". */
  readonly ending: Ending | undefined;
  feed(bytes: Uint8Array): void;
  /** The body is over: what is still asked for comes back short. */
  end(): void;
}

export function openScan(scanner: Scanner): Scan {
  let want: Want | undefined;
  let type: AudioType | undefined;
  let ending: Ending | undefined;
  let held = new Uint8Array(0);
  let heldAt = 0;
  take(scanner.next());

  function take(step: IteratorResult<Want, Ending | undefined>): void {
    if (step.done) {
      want = undefined;
      ending = step.value;
      type = ending?.type;
    } else {
      want = step.value;
      type = step.value.type ?? type;
    }
  }

  return {
    get done() {
      return want === undefined;
    },
    get type() {
      return type;
    },
    get ending() {
      return ending;
    },
    feed(bytes) {
      if (want === undefined) return;
      const seen = heldAt + held.length;
      const end = seen + bytes.length;
      // Stretches far ahead (the next box behind a long one) need nothing of what lies between.
      if (want.at >= end) {
        held = new Uint8Array(0);
        heldAt = end;
        return;
      }
      const all = held.length === 0 ? bytes : joined(held, bytes);
      const allAt = end - all.length;
      while (want !== undefined && want.at + want.length <= end) {
        take(scanner.next(all.subarray(want.at - allAt, want.at - allAt + want.length)));
      }
      if (want === undefined) held = new Uint8Array(0);
      else {
        heldAt = Math.min(end, want.at);
        held = all.slice(heldAt - allAt);
      }
    },
    end() {
      while (want !== undefined) {
        const from = Math.max(0, want.at - heldAt);
        take(scanner.next(held.subarray(from, from + want.length)));
      }
    },
  };
}

function joined(front: Uint8Array, back: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(front.length + back.length);
  all.set(front);
  all.set(back, front.length);
  return all;
}

/** Text of a four-character code (or any Latin-1 stretch) in `bytes`. */
export function latin(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
