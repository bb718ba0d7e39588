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

const nothing = new Uint8Array(0);

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
  return new StretchedScan(scanner);
}

/** A class, as every object that each recording has anew: V8 makes it in a tenth of the time and memory of closures. */
class StretchedScan implements Scan {
  readonly #scanner: Scanner;
  #want: Want | undefined;
  #held: Uint8Array = nothing;
  #heldAt = 0;
  type: AudioType | undefined;
  ending: Ending | undefined;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
    this.#take(scanner.next());
  }

  get done(): boolean {
    return this.#want === undefined;
  }

  feed(bytes: Uint8Array): void {
    if (this.#want === undefined) return;
    const seen = this.#heldAt + this.#held.length;
    const end = seen + bytes.length;
    // Stretches far ahead (the next box behind a long one) need nothing of what lies between.
    if (this.#want.at >= end) {
      this.#held = nothing;
      this.#heldAt = end;
      return;
    }
    const all = this.#held.length === 0 ? bytes : joined(this.#held, bytes);
    const allAt = end - all.length;
    for (
      let want: Want | undefined = this.#want;
      want !== undefined && want.at + want.length <= end;
      want = this.#want
    ) {
      this.#take(this.#scanner.next(all.subarray(want.at - allAt, want.at - allAt + want.length)));
    }
    if (this.#want === undefined) this.#held = nothing;
    else {
      this.#heldAt = Math.min(end, this.#want.at);
      this.#held = all.slice(this.#heldAt - allAt);
    }
  }

  end(): void {
    while (this.#want !== undefined) {
      const from = Math.max(0, this.#want.at - this.#heldAt);
      this.#take(this.#scanner.next(this.#held.subarray(from, from + this.#want.length)));
    }
  }

  #take(step: IteratorResult<Want, Ending | undefined>): void {
    if (step.done) {
      this.#want = undefined;
      this.ending = step.value;
      this.type = step.value?.type;
    } else {
      this.#want = step.value;
      this.type = step.value.type ?? this.type;
    }
  }
}

function joined(front: Uint8Array, back: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(front.length + back.length);
  all.set(front);
  all.set(back, front.length);
  return all;
}

/** Text of a four-character code (or any Latin-1 stretch) in `bytes`. */
export function latin(bytes: Uint8Array, at: number, length: number): string {
  const end = Math.min(at + length, bytes.length);
  let text = "";
  for (let each = at; each < end; each += 1) text += String.fromCharCode(bytes[each] as number);
  return text;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
