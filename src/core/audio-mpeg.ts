import { type Ending, latin, type Scanner, viewOf } from "./audio-scan.ts";
import { RecordingError } from "./errors.ts";

interface Frame {
  readonly length: number;
  readonly bitRate: number;
  readonly sampleRate: number;
  readonly samples: number;
  readonly mono: boolean;
  readonly mpeg1: boolean;
}

/** Room for the padding some encoders leave behind a tag, and for several frames after it. */
const searched = 8192;

/** kbit/s by [MPEG-1 layer I, II, III; MPEG-2 layer I, II and III] and index. */
const bitRates: readonly (readonly number[])[] = [
  [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/** Length of the ID3v2 tag that `bytes` begins with, 0 without one. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < 10 || latin(bytes, 0, 3) !== "ID3") return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  const footer = ((bytes[5] ?? 0) & 0x10) === 0 ? 0 : 10;
  return 10 + footer + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
}

/** MPEG audio whose first frame begins at or soon after `at`: two frames in a row, or one that the file ends with. */
export function* scanMpeg(at: number): Scanner {
  const bytes: Uint8Array = yield { at, length: searched };
  const start = firstFrame(bytes);
  if (start === undefined) return at > 0 ? { type: "audio/mpeg", judge: refuseTagOnly } : undefined;
  return mpegEnding(bytes.subarray(start), at + start);
}

/** Where frames begin: at once, or behind zeros. */
function firstFrame(bytes: Uint8Array): number | undefined {
  let start = 0;
  while (bytes[start] === 0) start += 1;
  const frame = frameAt(bytes, start);
  if (frame === undefined) return undefined;
  const next = start + frame.length;
  const last = bytes.length < searched && (next === bytes.length || latin(bytes, next, 3) === "TAG");
  return last || sameStream(frame, frameAt(bytes, next)) ? start : undefined;
}

function sameStream(frame: Frame, next: Frame | undefined): boolean {
  return next !== undefined && next.sampleRate === frame.sampleRate && next.mpeg1 === frame.mpeg1;
}

function frameAt(bytes: Uint8Array, at: number): Frame | undefined {
  if (at + 4 > bytes.length) return undefined;
  const word = viewOf(bytes).getUint32(at);
  const version = (word >>> 19) & 3;
  const layer = 4 - ((word >>> 17) & 3);
  const rateIndex = (word >>> 12) & 15;
  const sampleIndex = (word >>> 10) & 3;
  if (word >>> 21 !== 0x7ff || version === 1 || layer === 4 || sampleIndex === 3) return undefined;
  if (rateIndex === 0 || rateIndex === 15) return undefined;
  const mpeg1 = version === 3;
  const table = bitRates[mpeg1 ? layer - 1 : layer === 1 ? 3 : 4] as readonly number[];
  const bitRate = (table[rateIndex - 1] as number) * 1000;
  const sampleRate = ([44100, 48000, 32000][sampleIndex] as number) / (mpeg1 ? 1 : version === 2 ? 2 : 4);
  const padding = (word >>> 9) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1152;
  const slot = layer === 1 ? 4 : 1;
  const length = (Math.floor(((samples / 8) * bitRate) / sampleRate / slot) + padding) * slot;
  return { length, bitRate, sampleRate, samples, mono: ((word >>> 6) & 3) === 3, mpeg1 };
}

function mpegEnding(bytes: Uint8Array, startsAt: number): Ending {
  const first = frameAt(bytes, 0) as Frame;
  const counted = frameCount(bytes, first);
  const constant = constantRate(bytes, first);
  return {
    type: "audio/mpeg",
    judge(total) {
      if (counted !== undefined) return (counted * first.samples) / first.sampleRate;
      return constant ? ((total - startsAt) * 8) / first.bitRate : undefined;
    },
  };
}

/** The number of frames a Xing, Info or VBRI header in the first frame gives. */
function frameCount(bytes: Uint8Array, first: Frame): number | undefined {
  const view = viewOf(bytes);
  const xing = 4 + (first.mpeg1 ? (first.mono ? 17 : 32) : first.mono ? 9 : 17);
  const tag = latin(bytes, xing, 4);
  if ((tag === "Xing" || tag === "Info") && bytes.length >= xing + 12) {
    return (view.getUint32(xing + 4) & 1) === 1 ? view.getUint32(xing + 8) : undefined;
  }
  return latin(bytes, 36, 4) === "VBRI" && bytes.length >= 54 ? view.getUint32(50) : undefined;
}

function constantRate(bytes: Uint8Array, first: Frame): boolean {
  let at = 0;
  for (let frame: Frame | undefined = first; frame !== undefined; frame = frameAt(bytes, at)) {
    if (frame.bitRate !== first.bitRate) return false;
    at += frame.length;
  }
  return true;
}

function refuseTagOnly(): never {
  throw new RecordingError("bad-audio", "The mp3 file is a tag without any sound that could be played.");
}
