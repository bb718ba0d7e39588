import { mp3FrameBytes, mp3FrameSeconds, mp3Frames } from "./mp3-frames.ts";
import { seededRandom } from "./seeded-random.ts";

/**
 * An mp3 of about `seconds` (whole frames of 72 ms, at least one), the same bytes for the same arguments and different
 * bytes for another seed: a constant-bit-rate stream of frames in an order drawn from the seed.
 */
export function mp3For(seed: string, seconds: number): Buffer {
  const frames = Math.max(1, Math.round(seconds / mp3FrameSeconds));
  const file = Buffer.allocUnsafe(frames * mp3FrameBytes);
  const random = seededRandom(seed);
  const known = mp3Frames.length / mp3FrameBytes;
  for (let frame = 0, source = 0; frame < frames; frame++, source++) {
    // Single frames at first, to tell short files apart; then runs, which sound more like speech.
    if (frame < 12 || random() < 0.12 || source >= known) source = Math.floor(random() * known);
    mp3Frames.copy(file, frame * mp3FrameBytes, source * mp3FrameBytes, (source + 1) * mp3FrameBytes);
  }
  return file;
}
