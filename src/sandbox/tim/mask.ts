import { alawOf, ulawOf } from "../audio/g711.ts";
import { mp3FrameBytes, mp3FrameSeconds } from "../audio/mp3-frames.ts";

/** Seconds from the beginning of the recording. */
export type Section = readonly [from: number, to: number];

/** Puts a constant tone in place of the sections; the file stays as long as it was. */
export function maskWav(file: Buffer, sections: readonly Section[]): Buffer {
  if (sections.length === 0) return file;
  const { channels, bits, encoding, data } = layout(file);
  const frame = channels * (bits / 8);
  for (const [from, to] of sections) {
    const last = Math.min(Math.floor(data.length / frame), Math.round(to * 8_000));
    for (let index = Math.max(0, Math.round(from * 8_000)); index < last; index++)
      for (let channel = 0; channel < channels; channel++) {
        const at = index * frame + channel * (bits / 8);
        const sample = tone[index % tone.length] ?? 0;
        if (encoding === 1) data.writeInt16LE(sample, at);
        else data[at] = encoding === 6 ? alawOf(sample) : ulawOf(sample);
      }
  }
  return file;
}

/** The same for mp3, in whole frames. */
export function maskMp3(file: Buffer, sections: readonly Section[]): Buffer {
  const still = Buffer.from(file.subarray(0, mp3FrameBytes));
  for (const [from, to] of sections) {
    const last = Math.min(file.length / mp3FrameBytes, Math.ceil(to / mp3FrameSeconds));
    for (let frame = Math.floor(from / mp3FrameSeconds); frame < last; frame++) still.copy(file, frame * mp3FrameBytes);
  }
  return file;
}

/** 1 kHz at 8,000 samples a second. */
const tone = Array.from({ length: 8 }, (_, index) => Math.round(8_000 * Math.sin((Math.PI * index) / 4)));

function layout(file: Buffer): { channels: number; bits: number; encoding: number; data: Buffer } {
  let at = 12;
  let format = { channels: 1, bits: 16, encoding: 1 };
  while (at + 8 <= file.length) {
    const name = file.toString("latin1", at, at + 4);
    if (name === "data") break;
    if (name === "fmt ")
      format = {
        encoding: file.readUInt16LE(at + 8),
        channels: file.readUInt16LE(at + 10),
        bits: file.readUInt16LE(at + 22),
      };
    at += 8 + file.readUInt32LE(at + 4) + (file.readUInt32LE(at + 4) % 2);
  }
  return { ...format, data: file.subarray(at + 8) };
}
