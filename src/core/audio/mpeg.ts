import { RecordingError } from "../model/errors.ts";
import { type Conclusion, type Ending, latin, type Scanner, tenths, viewOf } from "./scan.ts";

/** What one frame's header says. */
interface Frame {
  /** In bytes, header included. */
  readonly length: number;
  readonly sampleRate: number;
  readonly samples: number;
  readonly mono: boolean;
  readonly mpeg1: boolean;
  readonly layer: number;
}

/** Room for several frames: the longest has 2,881 bytes. */
const searched = 8192;
/** How far frames are looked for behind a tag, past padding and junk. */
const mostPadding = 1024 * 1024;
/** Frames in a row that tell sound from bytes that only look like it. */
const convincing = 4;

/** kbit/s by [MPEG-1 layer I, II, III; MPEG-2 layer I, II and III] and index. */
const bitRates: readonly (readonly number[])[] = [
  [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/** Length of the ID3v2 tag that stands at `at`, 0 without one. */
export function id3Length(bytes: Uint8Array, at = 0): number {
  if (bytes.length < at + 10 || latin(bytes, at, 3) !== "ID3") return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 6, at + 10);
  const footer = ((bytes[at + 5] ?? 0) & 0x10) === 0 ? 0 : 10;
  return 10 + footer + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
}

/** MPEG audio that begins at or soon after `at`: walks from frame to frame to the end of the body, and counts them. */
export function* scanMpeg(at: number, end = Number.POSITIVE_INFINITY, tagged = false): Scanner {
  let start = at;
  for (;;) {
    const bytes: Uint8Array = yield { at: start, length: searched };
    const tag = id3Length(bytes);
    const found = tag > 0 ? undefined : firstFrame(bytes);
    if (found !== undefined) {
      start += found;
      break;
    }
    const padded = bytes.every((byte) => byte === 0);
    const behind = start - at < mostPadding && bytes.length === searched && (padded || (tagged && tag === 0));
    if (!behind && tag === 0) return tagged ? { type: "audio/mpeg", conclude: refuseTagOnly } : undefined;
    // Half a window on: frames across its end are looked at whole.
    start += tag > 0 ? tag : searched / 2;
  }
  return yield* walk(start, end);
}

/** Where frames begin: at once or behind zeros, else anywhere where several follow one another. */
function firstFrame(bytes: Uint8Array): number | undefined {
  let start = 0;
  while (bytes[start] === 0) start += 1;
  if (framesFrom(bytes, start, 2)) return start;
  for (let at = start + 1; at < bytes.length - 4; at += 1) {
    if (bytes[at] === 0xff && framesFrom(bytes, at, convincing)) return at;
  }
  return undefined;
}

/** Whether so many frames of one stream follow one another; the body's end may stand for some of two. */
function framesFrom(bytes: Uint8Array, start: number, wanted: number): boolean {
  const first = frameAt(bytes, start);
  if (first === undefined) return false;
  let at = start + first.length;
  for (let count = 1; count < wanted; count += 1) {
    const next = frameAt(bytes, at);
    if (next === undefined || !sameStream(first, next)) {
      const ends = bytes.length < searched && (at === bytes.length || latin(bytes, at, 3) === "TAG");
      return wanted === 2 && ends;
    }
    at += next.length;
  }
  return true;
}

function sameStream(a: Frame, b: Frame): boolean {
  return a.sampleRate === b.sampleRate && a.mpeg1 === b.mpeg1 && a.layer === b.layer;
}

function frameAt(bytes: Uint8Array, at: number): Frame | undefined {
  if (at + 4 > bytes.length || bytes[at] !== 0xff) return undefined;
  const second = bytes[at + 1] as number;
  const third = bytes[at + 2] as number;
  const version = (second >> 3) & 3;
  const layer = 4 - ((second >> 1) & 3);
  const rateIndex = third >> 4;
  const sampleIndex = (third >> 2) & 3;
  if (second < 0xe0 || version === 1 || layer === 4 || sampleIndex === 3) return undefined;
  if (rateIndex === 0 || rateIndex === 15) return undefined;
  const mpeg1 = version === 3;
  const table = bitRates[mpeg1 ? layer - 1 : layer === 1 ? 3 : 4] as readonly number[];
  const bitRate = (table[rateIndex - 1] as number) * 1000;
  const sampleRate = ([44100, 48000, 32000][sampleIndex] as number) / (mpeg1 ? 1 : version === 2 ? 2 : 4);
  const padding = (third >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1152;
  const slot = layer === 1 ? 4 : 1;
  const length = (Math.floor(((samples / 8) * bitRate) / sampleRate / slot) + padding) * slot;
  return { length, sampleRate, samples, mono: (bytes[at + 3] as number) >> 6 === 3, mpeg1, layer };
}

/** What a walk has met. */
interface Walked {
  frames: number;
  /** Bytes between frames that are neither sound nor a tag. */
  junk: number;
  /** Where the last frame, and the last frame or tag, ended. */
  soundEnd: number;
  end: number;
  /** Whether what comes next follows bytes that are no frame. */
  inJunk: boolean;
  /** Bytes that the next step must see at once, unless the body ends before. */
  wanted: number;
}

/** Read at once, at least: as much as tells a tag's length. */
const stride = 32;

/** From frame to frame; what is no frame is passed over until frames go on. */
function* walk(start: number, end: number): Scanner {
  const head: Uint8Array = yield { at: start, length: 192, type: "audio/mpeg" };
  const first = frameAt(head, 0) as Frame;
  const header = lengthHeader(head, first);
  const frames = header === undefined ? 0 : -1;
  const walked: Walked = { frames, junk: 0, soundEnd: start, end: start, inJunk: false, wanted: stride };
  for (let at = start; at < end; ) {
    const { wanted } = walked;
    const given: Uint8Array = yield { at, length: wanted, rest: true };
    const bytes = at + given.length > end ? given.subarray(0, end - at) : given;
    walked.wanted = stride;
    at = step(bytes, at, first, walked, bytes.length < wanted);
    if (bytes.length < wanted) break;
  }
  return mpegEnding(first, walked, header?.frames, end);
}

/** Takes all frames and tags that begin in `bytes`, and says where to go on: the same whatever pieces a body comes in. */
function step(bytes: Uint8Array, at: number, first: Frame, walked: Walked, isLast: boolean): number {
  let place = 0;
  while (place + 4 <= bytes.length) {
    const frame = frameAt(bytes, place);
    const isFrame = frame !== undefined && sameStream(frame, first);
    if (isFrame && walked.inJunk && !isLast && place + frame.length + 4 > bytes.length) {
      walked.wanted = Math.max(stride, frame.length + 4);
      return at + place;
    }
    if (isFrame && !(walked.inJunk && isChance(bytes, place + frame.length, first))) {
      walked.frames += 1;
      place += frame.length;
      walked.soundEnd = walked.end = at + place;
      walked.inJunk = false;
      continue;
    }
    const tag = walked.inJunk ? 0 : tagLength(bytes, place);
    if (tag === undefined && !isLast) return at + place;
    if (tag !== undefined && tag > 0) {
      place += tag;
      walked.end = at + place;
      continue;
    }
    const sync = bytes.indexOf(0xff, place + 1);
    const to = sync === -1 ? bytes.length : sync;
    walked.junk += to - place;
    place = to;
    walked.inJunk = true;
  }
  return at + place;
}

/** Whether what looks like a frame amid junk is not followed by another one. */
function isChance(bytes: Uint8Array, next: number, first: Frame): boolean {
  if (next + 4 > bytes.length) return false;
  const frame = frameAt(bytes, next);
  return frame === undefined || !sameStream(frame, first);
}

/** Length of a tag between or behind frames: ID3v1, APE, a further ID3v2; 0 without one, undefined when too little is here. */
function tagLength(bytes: Uint8Array, at: number): number | undefined {
  const name = latin(bytes, at, 3);
  if (name === "TAG") return 128;
  if (name === "ID3") return bytes.length - at < 10 ? undefined : id3Length(bytes, at);
  if (name !== "APE") return 0;
  if (bytes.length - at < stride) return undefined;
  // A header says the size of what follows it, a footer that of what went before.
  const hasHeaderFlag = (viewOf(bytes).getUint32(at + 20, true) & 0x20000000) !== 0;
  return stride + (hasHeaderFlag ? viewOf(bytes).getUint32(at + 12, true) : 0);
}

/** The Xing, Info or VBRI header that the first frame holds instead of sound, and the number of frames if it says it. */
function lengthHeader(bytes: Uint8Array, first: Frame): { readonly frames: number | undefined } | undefined {
  const view = viewOf(bytes);
  const xing = 4 + (first.mpeg1 ? (first.mono ? 17 : 32) : first.mono ? 9 : 17);
  const tag = latin(bytes, xing, 4);
  if (tag === "Xing" || tag === "Info") {
    const counts = bytes.length >= xing + 12 && (view.getUint32(xing + 4) & 1) === 1;
    return { frames: counts ? view.getUint32(xing + 8) : undefined };
  }
  if (latin(bytes, 36, 4) !== "VBRI") return undefined;
  return { frames: bytes.length >= 54 ? view.getUint32(50) : undefined };
}

function mpegEnding(first: Frame, walked: Walked, announced: number | undefined, end: number): Ending {
  const seconds = (frames: number) => (frames * first.samples) / first.sampleRate;
  return {
    type: "audio/mpeg",
    conclude(bytes) {
      const total = Math.min(bytes, end);
      const inFrame = walked.soundEnd > total;
      const frames = walked.frames - (inFrame ? 1 : 0);
      if (frames <= 0) throw new RecordingError("empty-body", "The mp3 file contains no complete audio frame.");
      const rest = total - walked.end;
      if (rest > mostRest && rest > total / 20) throw notSound(seconds(frames), rest);
      const missing = announced !== undefined && announced - frames > 1;
      const said = missing ? `The mp3's header says ${tenths(seconds(announced))} s` : undefined;
      const conclusion: Conclusion = {
        seconds: seconds(frames),
        proven: (announced !== undefined && !missing) || (walked.end > walked.soundEnd && rest === 0),
      };
      if (said !== undefined) return { ...conclusion, cut: `${said}, and ${tenths(seconds(frames))} s came` };
      if (inFrame) return { ...conclusion, cut: "The mp3 ends in the middle of a frame" };
      if (walked.junk > mostRest) return { ...conclusion, note: `${walked.junk} bytes of the mp3 are not audio` };
      return conclusion;
    },
  };
}

/** Padding or a tag that nobody knows; more of it is another thing in place of sound. */
const mostRest = 4096;

function notSound(seconds: number, bytes: number): RecordingError {
  const message = `Behind ${tenths(seconds)} s of sound the mp3 continues with ${bytes} bytes that are not audio.`;
  return new RecordingError("bad-audio", message, { verdict: "retry" });
}

function refuseTagOnly(): never {
  throw new RecordingError("bad-audio", "The mp3 file is a tag without any sound that could be played.");
}
