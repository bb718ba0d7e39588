import { seededRandom } from "./seeded-random.ts";

/** The sample rate of every telephone recording here. */
export const sampleRate = 8_000;

/** Samples in one syllable: a tenth of a second. */
export const syllableSamples = 800;

/** Syllables to choose from: the first is silence, the next three are tones (ringing, a beep, a key), the rest are voices. */
export const syllableCount = 32;

/** The syllables as 16-bit samples. Each begins and ends at zero, so that any order of them plays without clicks. */
export function syllables(): Int16Array[] {
  return Array.from({ length: syllableCount }, (_, index) => {
    if (index === 0) return new Int16Array(syllableSamples);
    const tone = tones[index - 1];
    return shaped(tone === undefined ? voice(index) : (time) => sines(time, tone));
  });
}

const tones: readonly (readonly number[])[] = [[425], [1_000], [770, 1_336]];

function sines(time: number, hertz: readonly number[]): number {
  return hertz.reduce((sum, each) => sum + Math.sin(2 * Math.PI * each * time), 0) / hertz.length;
}

/** A vowel-like sound: harmonics of a pitch, weighted by two formants. */
function voice(index: number): (time: number) => number {
  const random = seededRandom(`voice ${index}`);
  const pitch = 95 + random() * 130;
  const formants = [300 + random() * 500, 900 + random() * 1_400];
  const harmonics = Array.from({ length: 16 }, (_, order) => {
    const hertz = pitch * (order + 1);
    const weight = formants.reduce((sum, centre) => sum + 1 / (1 + ((hertz - centre) / 120) ** 2), 0.03);
    return { hertz, weight };
  });
  return (time) => {
    const sum = harmonics.reduce(
      (total, { hertz, weight }) => total + weight * Math.sin(2 * Math.PI * hertz * time),
      0,
    );
    return Math.max(-1, Math.min(1, sum / 3));
  };
}

function shaped(sound: (time: number) => number): Int16Array {
  return Int16Array.from({ length: syllableSamples }, (_, index) => {
    const envelope = Math.sin((Math.PI * index) / syllableSamples) ** 0.5;
    return Math.round(9_000 * envelope * sound(index / sampleRate));
  });
}
