import type { AudioType } from "../model/recording.ts";
import { amrScanner, isAdts, scanAdts, scanAu } from "./aac-amr-au.ts";
import { scanFlac } from "./flac.ts";
import { scanMp4 } from "./mp4.ts";
import { id3Length, scanMpeg } from "./mpeg.ts";
import { isOggAudio, scanOgg } from "./ogg.ts";
import { copied, latin, type Scanner } from "./scan.ts";
import { scanWav } from "./wav.ts";

/** The file name extension of each kind of audio. */
export const audioExtensions: Readonly<Record<AudioType, string>> = {
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/flac": "flac",
  "audio/mp4": "m4a",
  "audio/aac": "aac",
  "audio/amr": "amr",
  "audio/basic": "au",
};

/** Which audio a body is, by its first bytes: what the server or a file name claims plays no part. */
export function* scanAudio(): Scanner {
  const first: Uint8Array = yield { at: 0, length: 96 };
  const tag = id3Length(first);
  if (tag > 0) return yield* scanBehindTag(tag);
  const blanks = leadingBlanks(first);
  if (isWav(first.subarray(blanks)))
    return yield* scanWav(blanks, blanks === 0 ? [] : [`${blanks} bytes ahead of its beginning`]);
  if (isOggAudio(first)) return yield* scanOgg(copied(first));
  if (latin(first, 0, 4) === "fLaC") return yield* scanFlac();
  if (latin(first, 4, 4) === "ftyp") return yield* scanMp4();
  if (latin(first, 0, 4) === ".snd") return yield* scanAu();
  const amr = amrScanner(first);
  if (amr !== undefined) return yield* amr;
  if (isAdts(first)) return yield* scanAdts();
  return yield* scanMpeg(0);
}

/** Tags stand ahead of mp3 files, and by some writers ahead of others. */
function* scanBehindTag(at: number): Scanner {
  const first: Uint8Array = yield { at, length: 64 };
  if (isWav(first)) return yield* scanWav(at);
  if (latin(first, 0, 4) === "fLaC") return yield* scanFlac(at);
  if (isAdts(first)) return yield* scanAdts(at);
  return yield* scanMpeg(at, Number.POSITIVE_INFINITY, true);
}

/** Line ends and zeros that a broken server writes ahead of a file. */
function leadingBlanks(bytes: Uint8Array): number {
  let count = 0;
  while (count < 16 && (bytes[count] === 0 || bytes[count] === 10 || bytes[count] === 13)) count += 1;
  return count;
}

function isWav(bytes: Uint8Array): boolean {
  return /^(?:RIFF|RF64|BW64|RIFX)$/.test(latin(bytes, 0, 4)) && latin(bytes, 8, 4) === "WAVE";
}

/** What a body that is no audio looks like, for a person: in our words, never in the server's. */
export function describeBody(bytes: Uint8Array): string {
  const start = latin(bytes, 0, 4);
  if (start.startsWith("PK\x03\x04")) return "a ZIP archive";
  if (start === "%PDF") return "a PDF document";
  if (start.startsWith("\x1f\x8b")) return "gzip-compressed data";
  if (start === "RIFF") return "a RIFF file that is not audio (a picture or a video)";
  if (start === "OggS") return "an Ogg file that is not audio";
  if (/^(?:\x89PNG|GIF8|\xff\xd8\xff)/.test(start)) return "a picture";
  if (!isText(bytes)) return "data in an unknown audio format";
  const text = new TextDecoder(/^(?:\xff\xfe)/.test(start) ? "utf-16le" : "utf-8")
    .decode(bytes.subarray(0, 2048))
    .trimStart();
  if (/<(?:!doctype html|html|head|body|form)\b/i.test(text)) {
    return /type=["']?password|log ?[io]n|sign ?in|passwor[dt]/i.test(text)
      ? "a web page that asks for a login"
      : "a web page";
  }
  if (/^[{[]/.test(text)) return "a JSON answer";
  if (text.startsWith("<")) return "an XML answer";
  return text === "" ? "blank text" : "plain text";
}

/** Whether the bytes can be text: no control characters but blanks, or a UTF-16 mark. */
export function isText(bytes: Uint8Array): boolean {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return true;
  return bytes.subarray(0, 512).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}
