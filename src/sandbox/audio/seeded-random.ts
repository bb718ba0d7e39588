/**
 * A small deterministic generator (sfc32 over a 64-bit hash of the seed): the same seed gives the same numbers in [0, 1)
 * on every machine, and a million seeds give a million different sequences.
 */
export function seededRandom(seed: string): () => number {
  let [a, b] = hash(seed);
  let c = a ^ 0x9e3779b9;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

function hash(text: string): [number, number] {
  let first = 0x811c9dc5;
  let second = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5f356495) ^ (second >>> 15);
  }
  return [first | 0, second | 0];
}
