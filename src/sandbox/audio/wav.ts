import { alawOf, ulawOf } from "./g711.ts";
import { seededRandom } from "./seeded-random.ts";
import { sampleRate, syllableCount, syllableSamples, syllables } from "./syllables.ts";

/** How the samples are written: format tag 1, 6 or 7. */
export type WavEncoding = "pcm16" | "alaw" | "ulaw";

/** What a size field says: the truth, what a streaming writer leaves behind (0 or 0xFFFFFFFF), or a plain lie. */
export type SizeField = "right" | "zero" | "max" | "wrong";

/** The shape of a WAV file. */
export interface WavOptions {
  readonly seconds: number;
  readonly encoding?: WavEncoding;
  readonly channels?: 1 | 2;
  /** Writes a `fact` chunk; by default A-law and u-law have one and PCM has none, as the format asks. */
  readonly fact?: boolean;
  /** Writes a `LIST`/`INFO` chunk before the data. */
  readonly list?: boolean;
  readonly riffSize?: SizeField;
  readonly dataSize?: SizeField;
}

/**
 * A WAV file of 8 kHz telephone-like sound, the same bytes for the same arguments and different bytes for another seed.
 * In stereo the two parties take turns. Half a minute costs well under a millisecond after the first call of a kind.
 */
export function wavFor(seed: string, options: WavOptions): Buffer {
  const { encoding = "pcm16", channels = 1, riffSize = "right", dataSize = "right" } = options;
  const dataBytes = Math.max(0, Math.round(options.seconds * sampleRate)) * channels * sampleBytes[encoding];
  const chunks = [formatChunk(encoding, channels)];
  if (options.fact ?? encoding !== "pcm16") chunks.push(factChunk(dataBytes / channels / sampleBytes[encoding]));
  if (options.list ?? false) chunks.push(listChunk(seed));
  const head = Buffer.concat([
    Buffer.from("RIFF\0\0\0\0WAVE", "latin1"),
    ...chunks,
    Buffer.from("data\0\0\0\0", "latin1"),
  ]);
  const file = Buffer.allocUnsafe(head.length + dataBytes + (dataBytes % 2));
  head.copy(file);
  if (dataBytes % 2 === 1) file[file.length - 1] = 0;
  file.writeUInt32LE(sizeField(file.length - 8, riffSize), 4);
  file.writeUInt32LE(sizeField(dataBytes, dataSize), head.length - 4);
  speak(seed, file.subarray(head.length, head.length + dataBytes), encoding, channels);
  return file;
}

const sampleBytes = { pcm16: 2, alaw: 1, ulaw: 1 } satisfies Record<WavEncoding, number>;
const formatTags = { pcm16: 1, alaw: 6, ulaw: 7 } satisfies Record<WavEncoding, number>;

function sizeField(right: number, field: SizeField): number {
  return { right, zero: 0, max: 0xffff_ffff, wrong: Math.floor(right / 2) + 1_234 }[field];
}

function formatChunk(encoding: WavEncoding, channels: number): Buffer {
  const extra = encoding === "pcm16" ? 0 : 2;
  const chunk = Buffer.alloc(24 + extra);
  chunk.write("fmt ", "latin1");
  chunk.writeUInt32LE(16 + extra, 4);
  chunk.writeUInt16LE(formatTags[encoding], 8);
  chunk.writeUInt16LE(channels, 10);
  chunk.writeUInt32LE(sampleRate, 12);
  chunk.writeUInt32LE(sampleRate * channels * sampleBytes[encoding], 16);
  chunk.writeUInt16LE(channels * sampleBytes[encoding], 20);
  chunk.writeUInt16LE(8 * sampleBytes[encoding], 22);
  return chunk;
}

function factChunk(samples: number): Buffer {
  const chunk = Buffer.from("fact\x04\0\0\0\0\0\0\0", "latin1");
  chunk.writeUInt32LE(samples, 8);
  return chunk;
}

function listChunk(seed: string): Buffer {
  const name = Buffer.from(`${seed}\0`, "utf8");
  const padded = name.length + (name.length % 2);
  const chunk = Buffer.alloc(20 + padded);
  chunk.write("LIST", "latin1");
  chunk.writeUInt32LE(12 + padded, 4);
  chunk.write("INFOINAM", 8, "latin1");
  chunk.writeUInt32LE(name.length, 16);
  name.copy(chunk, 20);
  return chunk;
}

function speak(seed: string, data: Buffer, encoding: WavEncoding, channels: 1 | 2): void {
  const random = seededRandom(seed);
  const tables = tablesFor(encoding, channels);
  const bytes = syllableSamples * channels * sampleBytes[encoding];
  for (let at = 0, turn = 0, left = 0; at < data.length; at += bytes, left--) {
    if (left === 0) {
      turn = Math.floor(random() * channels);
      left = 5 + Math.floor(random() * 20);
    }
    const table = tables[turn]?.[Math.floor(random() * syllableCount)];
    table?.copy(data, at);
  }
  hiss(seed, data, encoding, channels);
}

/** A few samples of quiet line noise from a second hash, so that no two seeds of a large set share their bytes. */
function hiss(seed: string, data: Buffer, encoding: WavEncoding, channels: 1 | 2): void {
  const random = seededRandom(`hiss ${seed}`);
  const frame = channels * sampleBytes[encoding];
  const samples = Math.min(32, Math.floor(data.length / frame));
  for (let index = 0; index < samples * channels; index++) {
    write(data, index, Math.floor(random() * 256) - 128, encoding);
  }
}

const cache = new Map<string, Buffer[][]>();

/** For each party, the syllables as bytes of this encoding; in stereo the other party's channel is silent. */
function tablesFor(encoding: WavEncoding, channels: 1 | 2): Buffer[][] {
  const key = `${encoding} ${channels}`;
  const known = cache.get(key);
  if (known) return known;
  const sounds = syllables();
  const made = Array.from({ length: channels }, (_, party) =>
    sounds.map((sound) => {
      const table = Buffer.alloc(sound.length * channels * sampleBytes[encoding]);
      for (let index = 0; index < sound.length * channels; index++) {
        const spoken = index % channels === party ? sound[Math.floor(index / channels)] : 0;
        write(table, index, spoken ?? 0, encoding);
      }
      return table;
    }),
  );
  cache.set(key, made);
  return made;
}

function write(data: Buffer, index: number, sample: number, encoding: WavEncoding): void {
  if (encoding === "pcm16") data.writeInt16LE(sample, 2 * index);
  else data[index] = encoding === "alaw" ? alawOf(sample) : ulawOf(sample);
}
