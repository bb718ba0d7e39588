/** A set of names that keeps eight bytes for each: a 53-bit fingerprint instead of the text. */
export interface NameSet {
  readonly size: number;
  add(name: string): void;
  has(name: string): boolean;
}

export function openNameSet(): NameSet {
  let slots = new Float64Array(16);
  let size = 0;

  function slotOf(print: number): number {
    const mask = slots.length - 1;
    let at = (print >>> 0) & mask;
    while (slots[at] !== 0 && slots[at] !== print) at = (at + 1) & mask;
    return at;
  }

  function grow(): void {
    const old = slots;
    slots = new Float64Array(old.length * 2);
    for (const print of old) if (print !== 0) slots[slotOf(print)] = print;
  }

  return {
    get size() {
      return size;
    },
    add(name) {
      const print = fingerprint(name);
      if (slots[slotOf(print)] === print) return;
      if (size * 3 >= slots.length * 2) grow();
      slots[slotOf(print)] = print;
      size += 1;
    },
    has(name) {
      const print = fingerprint(name);
      return slots[slotOf(print)] === print;
    },
  };
}

/** Two 32-bit multiplicative hashes side by side (21 bits of one, 32 of the other); never 0, which marks a free slot. */
function fingerprint(name: string): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low = Math.imul(low ^ (low >>> 16), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x27d4eb2f);
  return (high >>> 11) * 2 ** 32 + ((low ^ (low >>> 15)) >>> 0) || 1;
}
