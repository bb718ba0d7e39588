import { RecordingError } from "../model/errors.ts";
import { copied, type Ending, type Scanner, viewOf } from "./scan.ts";

/** Enough of a file's end to hold its last frame. */
const tailBytes = 256 * 1024;

/** FLAC: the length in samples stands in the first block; the last frame tells how far the file really goes. */
export function* scanFlac(base = 0): Scanner {
  const bytes: Uint8Array = yield { at: base, length: 42, type: "audio/flac" };
  if (bytes.length < 42) return broken();
  const view = viewOf(copied(bytes));
  const rate = view.getUint32(18) >>> 12;
  const announced = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  const blockSize = view.getUint16(8);
  return {
    type: "audio/flac",
    tail: tailBytes,
    conclude(_total, tail) {
      const heard = lastSample(tail, blockSize);
      if (heard === undefined || rate === 0) throw new RecordingError("empty-body", "The FLAC file contains no audio.");
      const seconds = heard / rate;
      if (announced === 0) return { seconds, proven: false };
      if (heard >= announced) return { seconds: announced / rate, proven: true };
      const says = Math.round(announced / rate);
      return {
        seconds,
        proven: false,
        cut: `The FLAC file's header says ${says} s, and ${Math.round(seconds)} s came`,
      };
    },
  };
}

function broken(): Ending {
  return {
    type: "audio/flac",
    conclude() {
      throw new RecordingError("bad-audio", "The FLAC file ends within its header.");
    },
  };
}

/** Samples up to the end of the last frame that begins in `tail`. */
function lastSample(tail: Uint8Array, blockSize: number): number | undefined {
  for (let at = tail.length - 6; at >= 0; at -= 1) {
    const end = tail[at] === 0xff ? frameEnd(tail, at, blockSize) : undefined;
    if (end !== undefined) return end;
  }
  return undefined;
}

const blockSizes = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];

/** The sample behind the frame whose header stands at `at`; undefined when none does. RFC 9639, section 9.1. */
function frameEnd(bytes: Uint8Array, at: number, streamBlock: number): number | undefined {
  const second = bytes[at + 1] as number;
  if (second !== 0xf8 && second !== 0xf9) return undefined;
  const third = bytes[at + 2] as number;
  const sizeCode = third >> 4;
  const rateCode = third & 15;
  if (sizeCode === 0 || rateCode === 15 || ((bytes[at + 3] as number) & 1) === 1) return undefined;
  const number = codedNumber(bytes, at + 4);
  if (number === undefined) return undefined;
  let place = number.end;
  let size = blockSizes[sizeCode] as number;
  if (sizeCode === 6) size = (bytes[place++] ?? 0) + 1;
  if (sizeCode === 7) {
    size = ((bytes[place] ?? 0) << 8) + (bytes[place + 1] ?? 0) + 1;
    place += 2;
  }
  if (rateCode === 12) place += 1;
  else if (rateCode > 12) place += 2;
  if (place >= bytes.length || crc8(bytes, at, place) !== bytes[place]) return undefined;
  // Fixed blocks count frames, variable ones samples.
  return second === 0xf9 ? number.value + size : number.value * streamBlock + size;
}

/** A number coded as UTF-8 codes characters, with up to seven bytes. */
function codedNumber(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[at] ?? 0xff;
  if (first < 0x80) return { value: first, end: at + 1 };
  const more = Math.clz32(~(first << 24)) - 1;
  if (more < 1 || more > 6) return undefined;
  let value = first & ((1 << (6 - more)) - 1);
  for (let count = 1; count <= more; count += 1) {
    const byte = bytes[at + count] ?? 0;
    if (byte >> 6 !== 2) return undefined;
    value = value * 64 + (byte & 63);
  }
  return { value, end: at + more + 1 };
}

/** CRC-8 with polynomial 0x07 over a frame's header. */
function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at += 1) {
    crc ^= bytes[at] as number;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}
