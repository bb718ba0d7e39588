import { flacEnding, isOggAudio, oggEnding, scanMp4 } from "./audio-containers.ts";
import { id3Length, scanMpeg } from "./audio-mpeg.ts";
import { latin, type Scanner } from "./audio-scan.ts";
import { scanWav } from "./audio-wav.ts";
import type { AudioType } from "./recording.ts";

/** The file name extension of each kind of audio. */
export const audioExtensions: Readonly<Record<AudioType, string>> = {
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/flac": "flac",
  "audio/mp4": "m4a",
};

/** Which audio a body is, by its first bytes: what the server or a file name claims plays no part. */
export function* scanAudio(): Scanner {
  const first: Uint8Array = yield { at: 0, length: 64 };
  if (/^(?:RIFF|RF64)$/.test(latin(first, 0, 4)) && latin(first, 8, 4) === "WAVE") return yield* scanWav();
  if (isOggAudio(first)) return oggEnding();
  if (latin(first, 0, 4) === "fLaC") return flacEnding(first.slice());
  if (latin(first, 4, 4) === "ftyp") return yield* scanMp4();
  return yield* scanMpeg(id3Length(first));
}

/** What a body that is no audio looks like, for a person: in our words, never in the server's. */
export function describeBody(bytes: Uint8Array): string {
  const start = latin(bytes, 0, 4);
  if (start.startsWith("PK\x03\x04")) return "a ZIP archive";
  if (start === "%PDF") return "a PDF document";
  if (start.startsWith("\x1f\x8b")) return "gzip-compressed data";
  if (start === "RIFF") return "a RIFF file that is no sound (a picture or a video)";
  if (start === "OggS") return "an Ogg file that is no sound";
  if (/^(?:\x89PNG|GIF8|\xff\xd8\xff)/.test(start)) return "a picture";
  if (!isText(bytes)) return "data in no known audio format";
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
