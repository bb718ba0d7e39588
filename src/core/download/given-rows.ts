import { RecordingError } from "../model/errors.ts";
import type { Selection } from "../model/ports.ts";
import type { Call, RecordingKey, RecordingRef, Row } from "../model/recording.ts";
import { asksForStarts } from "../selection.ts";
import { formatCount, formatNumberOf, printable } from "../text.ts";
import { bothTraits, type CallMarks, type CallTraits, differenceOf, traitsOf } from "./call-traits.ts";

/**
 * What rows that a person gave (not those of a source's own listing) have to answer for: they are evidence, not truth.
 * Throws `bad-rows` where nothing in a file, or no start of all, can be read.
 */
export interface GivenRows {
  /** Hears of each row, in order; `refused` is the error that cost it. */
  row(file: string, refused?: string): void;
  /** Throws when the file at hand was nothing but unreadable rows: at its end, or after a thousand of them. */
  check(): void;
  /** Whether the selection asks for a start that this call lacks. */
  lacksStart(ref: RecordingRef): boolean;
  /** Why a recording cannot be the one that an earlier row named, or that the archive knows, although both have one id. */
  conflict(ref: RecordingRef, known?: CallMarks): string | undefined;
  /** After the last row. */
  end(): void;
}

/** So many rows in a row, and none readable, are no accident. */
const enough = 1000;

export function openGivenRows(selection: Selection): GivenRows {
  const windowed = asksForStarts(selection);
  const calls = openCallMemory();
  let file: string | undefined;
  let [readable, refused] = [0, 0];
  let first = "";
  let [dated, undated] = [0, 0];
  const refuse = () => {
    if (readable > 0 || refused === 0) return;
    const rows = refused === 1 ? "its only row cannot" : `none of its ${formatCount(refused)} rows can`;
    throw new RecordingError("bad-rows", `${file}: ${rows} be read: ${first}`);
  };
  return {
    row(name, message) {
      if (name !== file) {
        refuse();
        [file, readable, refused] = [name, 0, 0];
      }
      if (message === undefined) readable += 1;
      else {
        if (refused === 0) first = message;
        refused += 1;
      }
    },
    check() {
      if (refused >= enough) refuse();
    },
    lacksStart(ref) {
      const lacks = windowed && ref.call.start === undefined;
      if (lacks) undated += 1;
      else dated += 1;
      return lacks;
    },
    conflict({ id, key, call }, known) {
      const earlier = calls.conflict(key, call);
      if (earlier !== undefined) {
        return `names recording ${printable(id)} like an earlier row, but for a different call: ${earlier}. One of the two ids is wrong.`;
      }
      const stored = known && differenceOf(traitsOf(known), traitsOf(call), { grows: true });
      return stored === undefined
        ? undefined
        : `names recording ${printable(id)}, which the archive knows of another call: ${stored}. One of the two ids is wrong; if it is the archive's, --force-overwrites believes this row.`;
    },
    end() {
      refuse();
      if (dated > 0 || undated === 0) return;
      throw new RecordingError(
        "bad-rows",
        `None of ${formatNumberOf(undated, "recording")} has a start that can be read, so none is known to be in the window: ` +
          "say how starts are written with --row-dates, or which column has them with --map start=COLUMN.",
      );
    },
  };
}

/** An error's message without the place that the event names anyway. */
export function withoutPlace(message: string, { file, line }: Pick<Row, "file" | "line">): string {
  const place = [`${file}:${line}: `, `${file}: `].find((each) => message.startsWith(each)) ?? "";
  return message.slice(place.length);
}

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
