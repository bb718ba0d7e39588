/** The loudness of a recording from its beginning to its end, in numbers from 0 to 100. */
export type Peaks = readonly number[];

/** Reads into `buffer` what stands at a place of a file, as a file handle does. */
export interface Readable {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }>;
}

const count = 800;
const blockSize = 1 << 18;

/** The peaks of a WAV with PCM or G.711 sound; undefined for every other file: nothing here decodes those. */
export async function readPeaks(file: Readable, size: number): Promise<Peaks | undefined> {
  const wave = await readWave(file, size);
  if (wave === undefined) return undefined;
  const { dataAt, dataSize, sampleSize, level } = wave;
  const samples = Math.floor(dataSize / sampleSize);
  const peaks = new Array<number>(Math.min(count, samples)).fill(0);
  const block = Buffer.alloc(blockSize - (blockSize % sampleSize));
  let sample = 0;
  for (let at = 0; at < samples * sampleSize; ) {
    const wanted = Math.min(block.length, samples * sampleSize - at);
    const { bytesRead } = await file.read(block, 0, wanted, dataAt + at);
    if (bytesRead < sampleSize) break;
    const whole = bytesRead - (bytesRead % sampleSize);
    for (let offset = 0; offset < whole; offset += sampleSize, sample += 1) {
      const slot = Math.floor((sample * peaks.length) / samples);
      const loud = level(block, offset);
      if (loud > peaks[slot]!) peaks[slot] = loud;
    }
    at += whole;
  }
  return peaks.map((peak) => Math.round(peak * 100));
}

interface Wave {
  readonly dataAt: number;
  readonly dataSize: number;
  readonly sampleSize: number;
  readonly level: Level;
}

/** The sample at `offset` without its sign, from 0 to 1. */
type Level = (block: Buffer, offset: number) => number;

const mostChunks = 256;

async function readWave(file: Readable, size: number): Promise<Wave | undefined> {
  const head = await readAt(file, 0, 12);
  if (head.length < 12 || head.toString("latin1", 8, 12) !== "WAVE") return undefined;
  let format: Pick<Wave, "sampleSize" | "level"> | undefined;
  let at = 12;
  for (let chunk = 0; chunk < mostChunks && at + 8 <= size; chunk += 1) {
    const header = await readAt(file, at, 8);
    if (header.length < 8) return undefined;
    const id = header.toString("latin1", 0, 4);
    const length = header.readUInt32LE(4);
    if (id === "fmt ") format = formatOf(await readAt(file, at + 8, Math.min(length, 40)));
    if (id === "data") {
      const rest = size - at - 8;
      return format && { dataAt: at + 8, dataSize: length === 0 ? rest : Math.min(length, rest), ...format };
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}

async function readAt(file: Readable, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

const extensible = 0xfffe;

function formatOf(bytes: Buffer): Pick<Wave, "sampleSize" | "level"> | undefined {
  if (bytes.length < 16) return undefined;
  const tag = bytes.readUInt16LE(0);
  const codec = tag === extensible && bytes.length >= 26 ? bytes.readUInt16LE(24) : tag;
  const bits = bytes.readUInt16LE(14);
  const level = levels[`${codec}/${bits}`];
  return level && { sampleSize: bits / 8, level };
}

/** By codec (1 PCM, 6 A-law, 7 µ-law) and bits of a sample. */
const levels: Readonly<Record<string, Level>> = {
  "1/8": (block, at) => Math.abs(block[at]! - 128) / 128,
  "1/16": (block, at) => Math.abs(block.readInt16LE(at)) / 32768,
  "1/24": (block, at) => Math.abs(block.readIntLE(at, 3)) / 8388608,
  "1/32": (block, at) => Math.abs(block.readInt32LE(at)) / 2147483648,
  "6/8": (block, at) => aLaw[block[at]!]!,
  "7/8": (block, at) => muLaw[block[at]!]!,
};

/** G.711: three bits of exponent, four of mantissa. */
const aLaw = Float64Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = bits & 15;
  const value = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return value / 32768;
});

const muLaw = Float64Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const value = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return value / 32768;
});
