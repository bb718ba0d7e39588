import { viewOf } from "./audio-scan.ts";

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
