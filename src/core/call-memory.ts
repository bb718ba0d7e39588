import type { Call, RecordingKey } from "./recording.ts";

/** Remembers which call each recording was said to belong to, in bounded memory. */
export interface CallMemory {
  /** How an earlier call of this recording began, when it cannot be the same one; undefined when nothing speaks against it. */
  conflict(key: RecordingKey, call: Call): string | undefined;
}

const longestGapSeconds = 60;
/** A call that does not say how long it was may have been this long. */
const unknownSeconds = 3600;
const firstSlots = 4096;
/** 32 MB at most: what was remembered is forgotten when more than a million and a half recordings have come. */
const mostSlots = 2 ** 21;
const width = 4;

/**
 * A call's legs follow one another: each begins at most a minute after the ones known so far have ended. What begins
 * elsewhere is another call, and one of the two has a wrong recording id. Calls without a start are not compared.
 */
export function openCallMemory(): CallMemory {
  let slots = new Uint32Array(firstSlots * width);
  let used = 0;
  const grow = () => {
    const before = slots;
    used = 0;
    if (before.length === mostSlots * width) {
      slots.fill(0);
      return;
    }
    slots = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += width) {
      if (before[at] === 0) continue;
      slots.set(before.subarray(at, at + width), place(slots, before[at] as number, before[at + 1] as number));
      used += 1;
    }
  };
  return {
    conflict(key, { start, duration = unknownSeconds }) {
      const ms = start === undefined ? Number.NaN : Date.parse(/\dT[\d:.]+$/.test(start) ? `${start}Z` : start);
      const begins = Math.floor(ms / 1000);
      if (!(begins >= 0 && begins < 2 ** 32)) return undefined;
      const ends = Math.min(begins + Math.ceil(duration), 2 ** 32 - 1);
      const [first, second] = hashesOf(key);
      const at = place(slots, first, second);
      if (slots[at] === 0) {
        slots.set([first, second, begins, ends], at);
        used += 1;
        if (used > (slots.length / width) * 0.75) grow();
        return undefined;
      }
      const [from, to] = [slots[at + 2] as number, slots[at + 3] as number];
      const isElsewhere = begins > to + longestGapSeconds || ends + longestGapSeconds < from;
      if (isElsewhere) return new Date(from * 1000).toISOString().slice(0, 19).replace("T", " ");
      slots[at + 2] = Math.min(from, begins);
      slots[at + 3] = Math.max(to, ends);
      return undefined;
    },
  };
}

/** Where an entry stands, or belongs. */
function place(slots: Uint32Array, first: number, second: number): number {
  for (let at = (second % (slots.length / width)) * width; ; at = (at + width) % slots.length) {
    if (slots[at] === 0 || (slots[at] === first && slots[at + 1] === second)) return at;
  }
}

/** Two FNV-1a hashes, the first never 0. */
function hashesOf(text: string): readonly [number, number] {
  let [first, second] = [0x811c9dc5, 0x9747b28c];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995) ^ (second >>> 15);
  }
  return [first >>> 0 || 1, second >>> 0];
}
