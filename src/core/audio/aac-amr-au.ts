import { RecordingError } from "../model/errors.ts";
import type { AudioType } from "../model/recording.ts";
import { copied, type Ending, latin, type Scanner, viewOf } from "./scan.ts";

/** A format whose frames follow one another, each saying its own length. */
interface Framing {
  readonly type: AudioType;
  readonly name: string;
  /** Bytes of a header. */
  readonly header: number;
  /** Length of the frame that begins there and the seconds it lasts; undefined when none does. */
  frameAt(bytes: Uint8Array, at: number): { readonly length: number; readonly seconds: number } | undefined;
}

const aacRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/** AAC in ADTS frames, ISO 13818-7. */
const adts: Framing = {
  type: "audio/aac",
  name: "AAC",
  header: 7,
  frameAt(bytes, at) {
    if (bytes[at] !== 0xff || ((bytes[at + 1] as number) & 0xf6) !== 0xf0) return undefined;
    const rate = aacRates[((bytes[at + 2] as number) >> 2) & 15];
    const size = (viewOf(bytes).getUint32(at + 3) >>> 13) & 0x1fff;
    if (rate === undefined || size < 7) return undefined;
    return { length: size, seconds: (1024 * (((bytes[at + 6] as number) & 3) + 1)) / rate };
  },
};

/** Speech frames of 20 ms, RFC 4867: bytes by frame type. */
function amrFraming(sizes: readonly (number | undefined)[]): Framing {
  return {
    type: "audio/amr",
    name: "AMR",
    header: 1,
    frameAt(bytes, at) {
      const head = bytes[at] as number;
      const size = (head & 0x83) === 0 ? sizes[head >> 3] : undefined;
      return size === undefined ? undefined : { length: size + 1, seconds: 0.02 };
    },
  };
}

const narrow = amrFraming([12, 13, 15, 17, 19, 20, 26, 31, 5, ...new Array<undefined>(6).fill(undefined), 0]);
const wide = amrFraming([17, 23, 32, 36, 40, 46, 50, 58, 60, 5, ...new Array<undefined>(4).fill(undefined), 0, 0]);

/** AAC, where two frames follow one another from `at` on; undefined where they do not. */
export function isAdts(bytes: Uint8Array, at = 0): boolean {
  if (bytes.length < at + 7) return false;
  const first = adts.frameAt(bytes, at);
  if (first === undefined) return false;
  const next = at + first.length;
  return next + 7 > bytes.length || adts.frameAt(bytes, next) !== undefined;
}

export function scanAdts(at = 0): Scanner {
  return scanFrames(adts, at);
}

/** AMR as files have it, narrow or wide; undefined when `first` is none. */
export function amrScanner(first: Uint8Array): Scanner | undefined {
  if (latin(first, 0, 6) === "#!AMR\n") return scanFrames(narrow, 6);
  return latin(first, 0, 9) === "#!AMR-WB\n" ? scanFrames(wide, 9) : undefined;
}

function* scanFrames(framing: Framing, start: number): Scanner {
  let end = start;
  let seconds = 0;
  let last = 0;
  for (;;) {
    const bytes: Uint8Array = yield { at: end, length: framing.header, type: framing.type, rest: true };
    let place = 0;
    while (place + framing.header <= bytes.length) {
      const frame = framing.frameAt(bytes, place);
      if (frame === undefined) return framedEnding(framing, { end: end + place, seconds, last });
      place += frame.length;
      seconds += frame.seconds;
      last = frame.seconds;
    }
    if (place === 0) return framedEnding(framing, { end, seconds, last });
    end += place;
  }
}

function framedEnding({ type, name }: Framing, walked: { end: number; seconds: number; last: number }): Ending {
  return {
    type,
    conclude(total) {
      const inFrame = walked.end > total;
      const seconds = walked.seconds - (inFrame ? walked.last : 0);
      if (seconds <= 0) throw new RecordingError("empty-body", `The ${name} file contains no complete audio frame.`);
      if (inFrame) return { seconds, proven: false, cut: `The ${name} file ends in the middle of a frame` };
      if (total - walked.end > 4096) {
        const message = `Behind ${Math.round(seconds)} s of sound the ${name} file continues with bytes that are not audio.`;
        throw new RecordingError("bad-audio", message, { verdict: "retry" });
      }
      return { seconds, proven: false };
    },
  };
}

/** Bytes a sample by the encodings of Sun's audio files that telephony uses. */
const auSampleBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1 };

/** Sun's `.au`: a header of 24 bytes or more, then the sound. */
export function* scanAu(): Scanner {
  const bytes: Uint8Array = yield { at: 0, length: 24, type: "audio/basic" };
  const view = viewOf(copied(bytes));
  const whole = bytes.length === 24;
  const [dataAt, size, encoding, rate, channels] = whole ? [4, 8, 12, 16, 20].map((at) => view.getUint32(at)) : [];
  const perSecond = (auSampleBytes[encoding ?? 0] ?? 0) * (rate ?? 0) * (channels ?? 0);
  return {
    type: "audio/basic",
    conclude(total) {
      const arrived = total - (dataAt ?? total);
      if (arrived <= 0 || perSecond === 0) throw new RecordingError("empty-body", "The AU file contains no audio.");
      const seconds = arrived / perSecond;
      if (size === 0xffffffff || size === undefined) return { seconds, proven: false };
      if (size <= arrived) return { seconds, proven: true };
      const says = Math.round(size / perSecond);
      return { seconds, proven: false, cut: `The AU file's header says ${says} s, and ${Math.round(seconds)} s came` };
    },
  };
}
