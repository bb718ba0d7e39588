import type { RecordingKey } from "../model/recording.ts";
import { bothTraits, type CallTraits, differenceOf } from "./call-traits.ts";

/** Remembers which call each recording was said to belong to, in bounded memory. */
export interface CallMemory {
  /** How a call differs from an earlier one of this recording, when it cannot be the same one; undefined when nothing speaks against it. */
  conflict(key: RecordingKey, call: CallTraits): string | undefined;
}

const firstSlots = 4096;
/** 52 MB at most: what was remembered is forgotten when more than a million and a half recordings have come. */
const mostSlots = 2 ** 21;
const fullest = 0.75;
/** Words of an entry: two hashes of its key, then what tells its call from others, packed. */
const width = 7;
const chunkEntries = 2 ** 14;

/** Entries stand one behind the other, in chunks, and never move; what grows is the index, of one number for each. */
export function openCallMemory(): CallMemory {
  let index = new Uint32Array(firstSlots);
  let chunks: Uint32Array[] = [];
  let used = 0;

  /** The slot of an entry: the one that has it, or the free one where it belongs. */
  const slotOf = (first: number, second: number) => {
    const mask = index.length - 1;
    for (let slot = second & mask; ; slot = (slot + 1) & mask) {
      const entry = index[slot] as number;
      if (entry === 0) return slot;
      const chunk = chunkOf(entry - 1);
      const at = placeOf(entry - 1);
      if (chunk[at] === first && chunk[at + 1] === second) return slot;
    }
  };
  const chunkOf = (entry: number) => chunks[Math.floor(entry / chunkEntries)] as Uint32Array;
  const add = (slot: number, first: number, second: number, traits: CallTraits) => {
    if (used % chunkEntries === 0) chunks.push(new Uint32Array(chunkEntries * width));
    const chunk = chunkOf(used);
    const at = placeOf(used);
    chunk[at] = first;
    chunk[at + 1] = second;
    pack(traits, chunk, at + 2);
    used += 1;
    index[slot] = used;
    if (used > index.length * fullest) grow();
  };
  const grow = () => {
    if (index.length === mostSlots) {
      index.fill(0);
      chunks = [];
      used = 0;
      return;
    }
    index = new Uint32Array(index.length * 2);
    const mask = index.length - 1;
    for (let entry = 0; entry < used; entry += 1) {
      let slot = (chunkOf(entry)[placeOf(entry) + 1] as number) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = entry + 1;
    }
  };
  return {
    conflict(key, call) {
      const first = firstHash(key);
      const second = secondHash(key);
      const slot = slotOf(first, second);
      const entry = (index[slot] as number) - 1;
      if (entry === -1) {
        add(slot, first, second, call);
        return undefined;
      }
      const chunk = chunkOf(entry);
      const at = placeOf(entry) + 2;
      const before = unpacked(chunk.subarray(at, at + width - 2));
      const difference = differenceOf(before, call);
      if (difference === undefined) pack(bothTraits(before, call), chunk, at);
      return difference;
    },
  };
}

/** Where in its chunk an entry begins. */
function placeOf(entry: number): number {
  return (entry % chunkEntries) * width;
}

const longestSeconds = 2 ** 16 - 2;

/** Writes five words; 0 stands for what is not known. */
function pack(traits: CallTraits, words: Uint32Array, at: number): void {
  const { begins, ends, isLocal, from, to, seconds, direction, session } = traits;
  const length = seconds === undefined ? 0 : Math.min(Math.round(seconds), longestSeconds) + 1;
  const way = direction === undefined ? 0 : direction === "inbound" ? 1 : 2;
  words[at] = begins ?? 0;
  words[at + 1] = ends ?? 0;
  words[at + 2] = numberWord(from) * 256 + (length & 255);
  words[at + 3] = numberWord(to) * 256 + (length >> 8);
  words[at + 4] = (session ?? 0) * 256 + way * 2 + (isLocal === true ? 1 : 0);
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

/** FNV-1a. */
function firstHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function secondHash(text: string): number {
  let hash = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
