/** Seconds of fuzzing in a test; more by CALLREEL_FUZZ_SECONDS. */
export const fuzzSeconds = Number(process.env.CALLREEL_FUZZ_SECONDS ?? 2);

/** Random numbers from 0 to below `n`, the same ones each time; CALLREEL_FUZZ_SEED gives others. */
export function openRandom(seed = Number(process.env.CALLREEL_FUZZ_SEED ?? 20_261_129)): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** The bytes with one to three accidents: flips, cuts, doubled or foreign pieces. */
export function damaged(bytes: Uint8Array, random: (n: number) => number, pieces: readonly string[]): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random(3); times > 0; times -= 1) {
    const at = random(result.length + 1);
    const piece = Buffer.from(pieces[random(pieces.length)] ?? "", "latin1");
    const kind = random(5);
    if (kind === 0 && at < result.length) result[at] = random(256);
    else if (kind === 1) result = result.subarray(0, at) as Buffer<ArrayBuffer>;
    else if (kind === 2) result = Buffer.concat([result.subarray(0, at), result.subarray(at + random(20))]);
    else if (kind === 3) result = Buffer.concat([result.subarray(0, at), piece, result.subarray(at)]);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - random(50)))]);
  }
  return result;
}

/** What servers, proxies and broken programs put where it does not belong. */
export const pieces = [
  "\r\n",
  "\r\n\r\n",
  "\0",
  "\ufeff",
  ": ",
  "HTTP/1.1 103 Early Hints\r\n\r\n",
  "HTTP/1.1 200 OK\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Encoding: gzip\r\n",
  "Content-Encoding: br, deflate\r\n",
  "Content-Encoding: zstd\r\n",
  "Content-Range: bytes 5-9/10\r\n",
  "Retry-After: 1e9\r\n",
  "Retry-After: Fri, 99 Foo 9999 00:00:00 GMT\r\n",
  "Location: http://\\@x/\r\n",
  "Location: //[::1\r\n",
  "X-Rate-Limit-Remaining: NaN\r\n",
  "Date: never\r\n",
  "\x1f\x8b\x08",
  "ffffffffffffffffff\r\n",
  "0\r\n\r\n",
  "http://",
  "\\@",
  "%",
  "{",
  '"expires_in":',
  "null",
  "1e999",
];
