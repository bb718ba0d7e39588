import { mp3For } from "../audio/mp3.ts";
import { seededRandom } from "../audio/seeded-random.ts";
import { type WavOptions, wavFor } from "../audio/wav.ts";
import { type Call, keyOf } from "./calls.ts";
import { maskMp3, maskWav, type Section } from "./mask.ts";
import type { AudioShape, Codec, TimSettings, WavForm } from "./site-settings.ts";

/** What Echo holds of one recording: all of it, or a head followed by silence that is never held in memory. */
export interface RecordedAudio {
  readonly bytes: number;
  readonly head: Buffer;
}

/** A recording's audio as Echo hands it out now: the same for the same settings, masked where it has to be. */
export function recordedAudio(
  call: Call,
  format: "wav" | "mp3",
  settings: TimSettings["audio"],
  signalled: readonly Section[] = [],
): RecordedAudio {
  const shape = shapeOf(call, settings);
  const seed = keyOf(call);
  if (shape.sparseBytes) return sparse(seed, shape.sparseBytes);
  const sections = [...(settings.masked[call.voicefilename] ?? []), ...signalled];
  if (format === "mp3" || shape.form === "mp3") {
    const head = maskMp3(mp3For(seed, shape.seconds), sections);
    return { bytes: head.length, head };
  }
  const head = maskWav(wavFor(seed, wavOptions(shape)), sections);
  return { bytes: head.length, head };
}

type WholeShape = Required<Omit<AudioShape, "sparseBytes">> & Pick<AudioShape, "sparseBytes">;

/** Codec and channels follow from the recording, as in a site with several recorders. */
function shapeOf(call: Call, { every, only }: TimSettings["audio"]): WholeShape {
  const random = seededRandom(`shape ${keyOf(call)}`);
  const codec = (["alaw", "ulaw", "pcm16"] as const)[Math.floor(random() * 3)] as Codec;
  const channels = random() < 0.25 ? 2 : 1;
  const form: WavForm = random() < 0.2 ? "list" : "plain";
  const own = Object.hasOwn(only, call.voicefilename) ? only[call.voicefilename] : {};
  return { codec, channels, form, seconds: Number(call.duration) || 1, ...every, ...own };
}

function wavOptions({ codec, channels, seconds, form }: WholeShape): WavOptions {
  const basic = { encoding: codec, channels, seconds };
  switch (form) {
    case "plain":
    case "mp3":
      return basic;
    case "fact":
      return { ...basic, fact: true };
    case "list":
      return { ...basic, list: true };
    case "riff-zero":
      return { ...basic, riffSize: "zero", dataSize: "zero" };
    case "riff-max":
      return { ...basic, riffSize: "max", dataSize: "max" };
    case "riff-wrong":
      return { ...basic, riffSize: "wrong" };
    case "odd-pad":
      return { encoding: codec === "pcm16" ? "alaw" : codec, channels: 1, seconds: Math.floor(seconds) + 1 / 8_000 };
    case "empty-data":
      return { ...basic, seconds: 0 };
  }
}

function sparse(seed: string, bytes: number): RecordedAudio {
  const head = wavFor(seed, { seconds: 0 });
  head.writeUInt32LE(Math.min(0xffff_ffff, bytes - 8), 4);
  head.writeUInt32LE(Math.min(0xffff_ffff, bytes - head.length), head.length - 4);
  return { bytes, head };
}
