import { RecordingError } from "../model/errors.ts";
import { type Ending, latin, type Scanner, viewOf } from "./scan.ts";

/** What the first packet of a stream says. */
interface Codec {
  /** Granules a second. */
  readonly rate: number;
  /** Granules at the beginning that are not played. */
  readonly skip: number;
}

const pageHead = 27;

/** Ogg whose first stream is Opus, Vorbis, Speex or FLAC; a video is no recording. */
export function isOggAudio(bytes: Uint8Array): boolean {
  return latin(bytes, 0, 4) === "OggS" && codecOf(bytes) !== undefined;
}

function codecOf(bytes: Uint8Array): Codec | undefined {
  const at = pageHead + (bytes[26] ?? 0);
  const view = viewOf(bytes);
  const packet = latin(bytes, at, 8);
  const has = (length: number) => bytes.length >= at + length;
  // RFC 7845: granules count at 48 kHz whatever the sound has.
  if (packet === "OpusHead" && has(12)) return { rate: 48_000, skip: view.getUint16(at + 10, true) };
  if (packet.startsWith("\x01vorbis") && has(16)) return { rate: view.getUint32(at + 12, true), skip: 0 };
  if (packet === "Speex   " && has(40)) return { rate: view.getUint32(at + 36, true), skip: 0 };
  if (packet.startsWith("\x7fFLAC") && has(30)) return { rate: view.getUint32(at + 27) >>> 12, skip: 0 };
  return undefined;
}

/** What the pages came to. */
interface Walked {
  granule: number;
  /** What the pages before the last one came to: a page that is cut gives no sound. */
  before: number;
  /** Where the last page ends. */
  end: number;
  /** Whether the last page says that the stream ends. */
  closed: boolean;
  lost: boolean;
}

/** Ogg: walks from page to page; the last one of the first stream says how long it is. */
export function* scanOgg(first: Uint8Array): Scanner {
  const codec = codecOf(first) as Codec;
  const serial = viewOf(first).getUint32(14, true);
  const walked: Walked = { granule: 0, before: 0, end: 0, closed: false, lost: false };
  for (;;) {
    const head: Uint8Array = yield { at: walked.end, length: pageHead + 255, type: "audio/ogg" };
    if (head.length < pageHead || latin(head, 0, 4) !== "OggS") {
      walked.lost = head.length > 0;
      return oggEnding(codec, walked);
    }
    takePage(head, serial, walked);
  }
}

function takePage(head: Uint8Array, serial: number, walked: Walked): void {
  const view = viewOf(head);
  const segments = head[26] as number;
  let size = pageHead + segments;
  for (let at = 0; at < segments; at += 1) size += head[pageHead + at] ?? 0;
  walked.end += size;
  walked.before = walked.granule;
  if (view.getUint32(14, true) !== serial) return;
  walked.closed = ((head[5] as number) & 4) !== 0;
  const granule = Number(view.getBigInt64(6, true));
  // -1: no packet ends on this page.
  if (granule < 0 || granule > Number.MAX_SAFE_INTEGER) return;
  walked.granule = granule;
}

function oggEnding({ rate, skip }: Codec, walked: Walked): Ending {
  return {
    type: "audio/ogg",
    conclude(total) {
      const granule = walked.end > total ? walked.before : walked.granule;
      const seconds = rate > 0 ? Math.max(0, granule - skip) / rate : 0;
      if (walked.granule === 0) throw new RecordingError("empty-body", "The Ogg file is a header without any sound.");
      if (walked.lost && walked.end < total - 4096) {
        const message = `Behind ${Math.round(seconds)} s of sound the Ogg file continues with bytes that are not audio.`;
        throw new RecordingError("bad-audio", message, { verdict: "retry" });
      }
      const whole = walked.closed && walked.end <= total;
      if (whole) return { seconds, proven: true };
      const cut = walked.end > total ? "The Ogg file ends in the middle of a page" : "The Ogg file has no last page";
      return { seconds, proven: false, cut };
    },
  };
}
