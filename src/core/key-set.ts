import type { RecordingKey } from "./model/recording.ts";

/** A set of keys, exact, for millions of them: those of RingCentral's recordings are kept as the numbers that they hold. */
export interface KeySet {
  readonly size: number;
  has(key: RecordingKey): boolean;
  /** Whether it was not there yet. */
  add(key: RecordingKey): boolean;
}

const fullest = 2 / 3;

export function openKeySet(): KeySet {
  const others = new Set<RecordingKey>();
  let slots = new Float64Array(1024);
  let numbers = 0;

  /** Where a number stands, or belongs: 0 marks a free slot. */
  const slotOf = (id: number) => {
    const mask = slots.length - 1;
    let at = mixed(id) & mask;
    while (slots[at] !== 0 && slots[at] !== id) at = (at + 1) & mask;
    return at;
  };
  const addNumber = (id: number) => {
    const at = slotOf(id);
    if (slots[at] === id) return false;
    slots[at] = id;
    numbers += 1;
    if (numbers > slots.length * fullest) grow();
    return true;
  };
  const grow = () => {
    const before = slots;
    slots = new Float64Array(before.length * 2);
    for (const id of before) if (id !== 0) slots[slotOf(id)] = id;
  };
  return {
    get size() {
      return numbers + others.size;
    },
    has(key) {
      const id = numberOf(key);
      return id === undefined ? others.has(key) : slots[slotOf(id)] === id;
    },
    add(key) {
      const id = numberOf(key);
      if (id !== undefined) return addNumber(id);
      return !others.has(key) && others.add(key) !== undefined;
    },
  };
}

const numbered = /^ringcentral\/[1-9]\d{0,15}$/;
const prefix = "ringcentral/".length;

/** The number that a key is but for its prefix, where it can be held exactly and no other key has it. */
function numberOf(key: RecordingKey): number | undefined {
  if (!numbered.test(key)) return undefined;
  const id = Number(key.slice(prefix));
  return Number.isSafeInteger(id) ? id : undefined;
}

function mixed(id: number): number {
  let hash = Math.imul((id >>> 0) ^ Math.imul(Math.floor(id / 2 ** 32), 0x85ebca6b), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
