import { RecordingError } from "../model/errors.ts";
import { scanMpeg } from "./mpeg.ts";
import { type Conclusion, type Ending, latin, type Scanner, tenths, viewOf, type Want } from "./scan.ts";

/** From this size on a data chunk means "written to a pipe, length unknown": sox says 0x7ffff000, ffmpeg 0xffffffff. */
const streamedFrom = 0x7fff0000;
/** A WAV with more chunks than this ahead of its data is not one. */
const mostChunks = 256;
const longestFormat = 64;
/** Two seconds of G.711, in which zeros show. */
const tailBytes = 16 * 1024;

/** What stands ahead of the sound. */
interface Ahead {
  readonly format: WavFormat | undefined;
  readonly riffSize: number;
  readonly base: number;
  readonly notes: string[];
}

/**
 * RIFF/WAVE, and its kin RF64, BW64 and RIFX, whatever the codec: walks the chunks to `data` and behind it, and holds
 * the sizes against what arrived. Whole products write them wrong; the sound is what the bytes hold. `base` is where the
 * file begins behind a tag.
 */
export function* scanWav(base = 0, oddities: readonly string[] = []): Scanner {
  const opening: Uint8Array = yield { at: base, length: 20, type: "audio/wav" };
  if (opening.length < 20) return broken("ends before its sound begins");
  const view = viewOf(opening);
  // RIFX has its numbers the other way round, if its writer meant it: the first chunk is short either way.
  const little = view.getUint32(16, true) <= view.getUint32(16, false);
  const riffSize = view.getUint32(4, little);
  const notes = [...oddities];
  let format: WavFormat | undefined;
  let longDataSize: number | undefined;
  let at = base + 12;
  for (let count = 0; count < mostChunks; count += 1) {
    const header: Uint8Array = yield { at, length: 8 };
    if (header.length < 8) return broken("ends before its sound begins");
    const id = latin(header, 0, 4);
    const size = viewOf(header).getUint32(4, little);
    if (id === "data") {
      const said = size === 0xffffffff ? (longDataSize ?? size) : size;
      return yield* scanSound({ format, riffSize, base, notes }, at + 8, said);
    }
    if (id === "fmt ") format = readFormat(yield { at: at + 8, length: Math.min(size, longestFormat) }, little);
    if (id === "ds64") longDataSize = longSizeOf(yield { at: at + 8, length: Math.min(size, 16) });
    at += 8 + size;
    if (size % 2 === 0) continue;
    // Chunks of odd size are followed by a byte that not every writer writes.
    const next: Uint8Array = yield { at, length: 5 };
    if (isChunkId(next, 0) && !isChunkId(next, 1)) notes.push("an odd chunk without its pad byte");
    else at += 1;
  }
  return broken("holds no data chunk");
}

/** The sound itself, and what stands behind it. */
function* scanSound(ahead: Ahead, dataAt: number, size: number): Scanner {
  const { format } = ahead;
  if (format === undefined) return broken("has no format chunk ahead of its sound");
  const streamed = size === 0 || (size >= streamedFrom && size <= 0xffffffff);
  const end = streamed ? Number.POSITIVE_INFINITY : dataAt + size;
  const inner = format.isMpeg ? yield* scanMpeg(dataAt, end) : undefined;
  const behind =
    streamed || format.isMpeg ? undefined : yield* chunksBehind(end, size, format.zeroIsLoud ? tailBytes : 0);
  return wavEnding({ ...ahead, format }, { dataAt, size, streamed, behind, inner });
}

interface Sound {
  readonly dataAt: number;
  /** What the header says; meaningless when `streamed`. */
  readonly size: number;
  readonly streamed: boolean;
  /** Whether chunks stand behind the sound, undefined when nobody looked. */
  readonly behind: "chunks" | "something" | undefined;
  /** The mp3 that some WAV files are a wrapper of. */
  readonly inner: Ending | undefined;
}

/** What follows the sound where its header says that it ends. */
function* chunksBehind(end: number, size: number, tail: number): Generator<Want, Sound["behind"], Uint8Array> {
  const next: Uint8Array = yield { at: end, length: 9, tail };
  if (next.length === 0 || (next.length === 1 && size % 2 === 1)) return undefined;
  const padded = size % 2 === 1 && isChunkId(next, 1) ? 1 : 0;
  return next.length >= 8 && isChunkId(next, padded) ? "chunks" : "something";
}

function isChunkId(bytes: Uint8Array, at: number): boolean {
  return /^[A-Za-z][\w ]{3}$/.test(latin(bytes, at, 4));
}

function longSizeOf(bytes: Uint8Array): number | undefined {
  return bytes.length < 16 ? undefined : Number(viewOf(bytes).getBigUint64(8, true));
}

function wavEnding(ahead: Ahead & { format: WavFormat }, sound: Sound): Ending {
  const { format } = ahead;
  return {
    type: "audio/wav",
    tail: format.zeroIsLoud ? tailBytes : 0,
    conclude(total, tail) {
      const arrived = Math.max(0, total - sound.dataAt);
      if (arrived === 0) throw new RecordingError("empty-body", "The WAV file is a header without any sound.");
      if (sound.inner !== undefined) return sound.inner.conclude(total, tail);
      const held = heldBytes(ahead, sound, total, arrived);
      const zeros = format.zeroIsLoud ? trailingZeros(tail) : 0;
      if (zeros > Math.max(format.rate, held.bytes / 4) || zeros === tailBytes) throw zeroed(secondsOf(format, zeros));
      const notes = [...ahead.notes, ...(format.note === undefined ? [] : [format.note]), ...(held.note ?? [])];
      const seconds = secondsOf(format, held.bytes);
      return {
        ...(seconds > 0 ? { seconds } : {}),
        proven: !sound.streamed && held.cut === undefined,
        ...(held.cut === undefined ? {} : { cut: held.cut }),
        ...(notes.length === 0 ? {} : { note: `The WAV file has ${notes.join(", and ")}` }),
      };
    },
  };
}

interface Held {
  readonly bytes: number;
  readonly note?: readonly string[];
  readonly cut?: string;
}

/** How many bytes are sound, whatever the header says of it. */
function heldBytes(
  { format, riffSize, base }: Ahead & { format: WavFormat },
  sound: Sound,
  total: number,
  arrived: number,
): Held {
  const { size, streamed, behind, dataAt } = sound;
  if (streamed || size === arrived) return { bytes: arrived };
  const says = (bytes: number) => `a header that says ${tenths(secondsOf(format, bytes))} s`;
  if (size < arrived) {
    // Behind the sound stand chunks, or the header is wrong and it goes on.
    if (behind !== "something") return { bytes: size };
    return { bytes: arrived, note: [says(size)] };
  }
  // Writers that take the size of the whole file, or RIFF's own, for that of the sound, or count its pad byte.
  const wholeFile = size === riffSize || size === riffSize + 8 || size === total - base;
  const known = wholeFile && size - arrived <= dataAt - base + 8;
  if (known || size - arrived === 1)
    return { bytes: arrived, note: [`a header that counts ${size - arrived} bytes too many`] };
  return { bytes: arrived, cut: `The WAV file has ${says(size)}, and ${tenths(secondsOf(format, arrived))} s came` };
}

/** In G.711 a zero byte is nearly the loudest value: a long run of them is no sound but a hole. */
function trailingZeros(tail: Uint8Array): number {
  let count = 0;
  while (count < tail.length && tail[tail.length - 1 - count] === 0) count += 1;
  return count;
}

function zeroed(seconds: number): RecordingError {
  const message = `The last ${tenths(seconds)} s or more of the WAV file are zeros, which no recorder writes.`;
  return new RecordingError("bad-audio", message, { verdict: "retry" });
}

function broken(what: string): Ending {
  return {
    type: "audio/wav",
    conclude(): Conclusion {
      throw new RecordingError("bad-audio", `The WAV file ${what}.`);
    },
  };
}

/** How the sound of a WAV file is coded, as far as its length depends on it. */
export interface WavFormat {
  /** Samples a second. */
  readonly rate: number;
  /** The smallest piece that can be played: bytes, and samples it holds. */
  readonly blockBytes: number;
  readonly blockSamples: number;
  /** The sound is an mp3 stream. */
  readonly isMpeg: boolean;
  /** A zero byte is far from silence (G.711). */
  readonly zeroIsLoud: boolean;
  /** What is odd about the header. */
  readonly note?: string;
}

/** Format tags of mmreg.h. */
const tags = { pcm: 1, msAdpcm: 2, float: 3, aLaw: 6, muLaw: 7, imaAdpcm: 0x11, trueSpeech: 0x22, gsm: 0x31 } as const;
const g7231 = [0x42, 0x111];
const g729 = [0x83, 0x133, 0x73];
const mpeg = [0x50, 0x55];
const extensible = 0xfffe;

/** Reads a `fmt ` chunk; undefined when it is too short or makes no sense. */
export function readFormat(bytes: Uint8Array, little: boolean): WavFormat | undefined {
  if (bytes.length < 14) return undefined;
  const view = viewOf(bytes);
  const short = (at: number) => (at + 2 <= bytes.length ? view.getUint16(at, little) : 0);
  const outer = short(0);
  const tag = outer === extensible && bytes.length >= 26 ? short(24) : outer;
  const channels = Math.max(1, short(2));
  const rate = view.getUint32(4, little);
  const byteRate = view.getUint32(8, little);
  const align = short(12);
  const bits = short(14);
  const block = blockOf({ tag, channels, align, bits, rate, byteRate, samples: short(18) });
  const expected = (rate * block.blockBytes) / block.blockSamples;
  const isPlain = tag === tags.pcm || tag === tags.aLaw || tag === tags.muLaw || tag === tags.float;
  const wrong = isPlain && byteRate !== 0 && Math.abs(byteRate - expected) > expected / 100;
  return {
    rate,
    ...block,
    isMpeg: mpeg.includes(tag),
    zeroIsLoud: tag === tags.aLaw || tag === tags.muLaw,
    ...(wrong ? { note: `a header that says ${byteRate} bytes a second instead of ${Math.round(expected)}` } : {}),
  };
}

interface Coding {
  readonly tag: number;
  readonly channels: number;
  readonly align: number;
  readonly bits: number;
  readonly rate: number;
  readonly byteRate: number;
  /** Samples in a block, where the codec's own field says it. */
  readonly samples: number;
}

function blockOf(coding: Coding): { readonly blockBytes: number; readonly blockSamples: number } {
  const { tag, channels, align, bits, rate, byteRate, samples } = coding;
  if (tag === tags.aLaw || tag === tags.muLaw) return { blockBytes: channels, blockSamples: 1 };
  if (tag === tags.pcm || tag === tags.float) {
    return {
      blockBytes: channels * Math.max(1, Math.ceil((bits || (align * 8) / channels || 8) / 8)),
      blockSamples: 1,
    };
  }
  if (tag === tags.gsm) return { blockBytes: 65, blockSamples: 320 };
  if (tag === tags.trueSpeech) return { blockBytes: 32, blockSamples: 240 };
  if (g729.includes(tag)) return { blockBytes: 10, blockSamples: 80 };
  if (g7231.includes(tag)) return { blockBytes: 24, blockSamples: 240 };
  if (tag === tags.imaAdpcm && align > 4 * channels) {
    const computed = ((align - 4 * channels) * 2) / channels + 1;
    return { blockBytes: align, blockSamples: samples || computed };
  }
  if (tag === tags.msAdpcm && align > 7 * channels) {
    const computed = ((align - 7 * channels) * 2) / channels + 2;
    return { blockBytes: align, blockSamples: samples || computed };
  }
  // Codecs of a constant rate that nothing else is known of.
  return { blockBytes: byteRate || rate * Math.max(1, align), blockSamples: rate };
}

/**
 * Seconds that so many bytes of sound last, 0 where the header says nothing to count by. A last block that is not whole
 * counts as far as it goes.
 */
export function secondsOf({ rate, blockBytes, blockSamples }: WavFormat, bytes: number): number {
  const seconds = ((bytes / blockBytes) * blockSamples) / rate;
  return Number.isFinite(seconds) ? seconds : 0;
}
