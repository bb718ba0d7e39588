import { bothTraits, type CallTraits, differenceOf, traitsOf } from "./call-traits.ts";
import type { Call, RecordingKey } from "./recording.ts";

/** Remembers which call each recording was said to belong to, in bounded memory. */
export interface CallMemory {
  /** How a call differs from an earlier one of this recording, when it cannot be the same one; undefined when nothing speaks against it. */
  conflict(key: RecordingKey, call: Call): string | undefined;
}

const firstSlots = 4096;
/** 56 MB at most: what was remembered is forgotten when more than a million and a half recordings have come. */
const mostSlots = 2 ** 21;
const width = 7;

/** Each recording has a slot of numbers: two hashes of its key, then what tells its call from others, packed. */
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
    conflict(key, call) {
      const traits = traitsOf(call);
      const [first, second] = hashesOf(key);
      const at = place(slots, first, second);
      if (slots[at] === 0) {
        slots.set([first, second, ...packed(traits)], at);
        used += 1;
        if (used > (slots.length / width) * 0.75) grow();
        return undefined;
      }
      const before = unpacked(slots.subarray(at + 2, at + width));
      const difference = differenceOf(before, traits);
      if (difference === undefined) slots.set(packed(bothTraits(before, traits)), at + 2);
      return difference;
    },
  };
}

const longestSeconds = 2 ** 16 - 2;

/** Five words; 0 stands for what is not known. */
function packed({ begins, ends, isLocal, from, to, seconds, direction, session }: CallTraits): number[] {
  const length = seconds === undefined ? 0 : Math.min(Math.round(seconds), longestSeconds) + 1;
  const way = direction === undefined ? 0 : direction === "inbound" ? 1 : 2;
  return [
    begins ?? 0,
    ends ?? 0,
    numberWord(from) * 256 + (length & 255),
    numberWord(to) * 256 + (length >> 8),
    (session ?? 0) * 256 + way * 2 + (isLocal === true ? 1 : 0),
  ];
}

function unpacked(words: Uint32Array): CallTraits {
  const [begins = 0, ends = 0, from = 0, to = 0, rest = 0] = words;
  const length = (from & 255) + ((to & 255) << 8);
  const way = (rest >> 1) & 3;
  return {
    ...(begins > 0 && { begins, ends, isLocal: (rest & 1) === 1 }),
    ...(from >= 256 && { from: (from >>> 8) - 1 }),
    ...(to >= 256 && { to: (to >>> 8) - 1 }),
    ...(length > 0 && { seconds: length - 1 }),
    ...(way > 0 && { direction: way === 1 ? ("inbound" as const) : ("outbound" as const) }),
    ...(rest >= 256 && { session: rest >>> 8 }),
  };
}

function numberWord(number: number | undefined): number {
  return number === undefined ? 0 : number + 1;
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
