/**
 * SHA-256 of a text's UTF-8 bytes, in lower-case hex. For names, where the core needs a few bytes hashed without
 * the platform; audio is hashed by the platform's own.
 */
export function sha256Text(text: string): string {
  const state = Uint32Array.from(initial);
  const blocks = padded(new TextEncoder().encode(text));
  const schedule = new Uint32Array(64);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let word = 0; word < 16; word += 1) schedule[word] = blocks.getUint32(at + word * 4);
    for (let word = 16; word < 64; word += 1) schedule[word] = extended(schedule, word);
    compress(state, schedule);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** The first 32 bits of the fractions of `root` of the first primes. */
function fractions(count: number, root: (prime: number) => number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.map((prime) => Math.floor((root(prime) % 1) * 2 ** 32) >>> 0);
}

const initial = fractions(8, Math.sqrt);
const constants = fractions(64, Math.cbrt);

function padded(bytes: Uint8Array): DataView {
  const all = new Uint8Array(((bytes.length + 8) >>> 6) * 64 + 64);
  all.set(bytes);
  all[bytes.length] = 0x80;
  const view = new DataView(all.buffer);
  view.setBigUint64(all.length - 8, BigInt(bytes.length) * 8n);
  return view;
}

function extended(words: Uint32Array, at: number): number {
  const far = words[at - 15] as number;
  const near = words[at - 2] as number;
  const s0 = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
  const s1 = turned(near, 17) ^ turned(near, 19) ^ (near >>> 10);
  return ((words[at - 16] as number) + s0 + (words[at - 7] as number) + s1) >>> 0;
}

function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let round = 0; round < 64; round += 1) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + s1 + choice + (constants[round] as number) + (schedule[round] as number)) >>> 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) >>> 0, c, b, a, (first + s0 + majority) >>> 0];
  }
  for (const [at, word] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at] as number) + word;
}

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
