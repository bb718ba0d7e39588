import { type Ending, latin, type Scanner, viewOf } from "./audio-scan.ts";
import { RecordingError } from "./errors.ts";

interface Format {
  readonly bytesPerSecond: number;
}

/** From this size on a data chunk means "written to a pipe, length unknown": sox says 0x7ffff000, ffmpeg 0xffffffff. */
const streamedFrom = 0x7ffff000;
/** A WAV with more chunks than this ahead of its data is not one. */
const mostChunks = 256;

/**
 * RIFF/WAVE (and RF64) whatever the codec: walks the chunks to `data` and then holds its size against what arrived.
 * The RIFF size is not looked at: writers to pipes leave it 0 or all ones, and some count it wrong.
 */
export function* scanWav(): Scanner {
  let format: Format | undefined;
  let longDataSize: number | undefined;
  let at = 12;
  for (let count = 0; count < mostChunks; count += 1) {
    const header: Uint8Array = yield { at, length: 8, type: "audio/wav" };
    if (header.length < 8) return broken("ends before its sound begins");
    const id = latin(header, 0, 4);
    const size = viewOf(header).getUint32(4, true);
    if (id === "data") return wavEnding(format, at + 8, size === 0xffffffff ? (longDataSize ?? size) : size);
    if (id === "fmt ") format = formatOf(yield { at: at + 8, length: Math.min(size, 16) });
    if (id === "ds64") longDataSize = longSizeOf(yield { at: at + 8, length: Math.min(size, 16) });
    at += 8 + size + (size % 2);
  }
  return broken("holds no data chunk");
}

function formatOf(bytes: Uint8Array): Format | undefined {
  if (bytes.length < 16) return undefined;
  const view = viewOf(bytes);
  const sampleRate = view.getUint32(4, true);
  return { bytesPerSecond: view.getUint32(8, true) || sampleRate * view.getUint16(12, true) };
}

function longSizeOf(bytes: Uint8Array): number | undefined {
  return bytes.length < 16 ? undefined : Number(viewOf(bytes).getBigUint64(8, true));
}

function wavEnding(format: Format | undefined, dataAt: number, size: number): Ending {
  if (format === undefined) return broken("has no format chunk ahead of its sound");
  const streamed = size === 0 || (size >= streamedFrom && size <= 0xffffffff);
  return {
    type: "audio/wav",
    judge(total) {
      const arrived = Math.max(0, total - dataAt);
      if (arrived === 0 && streamed) {
        throw new RecordingError("empty-body", "The WAV file is a header without any sound.");
      }
      if (size > arrived && !streamed) refuse(`announces ${size} bytes of sound and brings ${arrived}`);
      const sound = size === 0 ? arrived : Math.min(size, arrived);
      const seconds = sound / format.bytesPerSecond;
      return Number.isFinite(seconds) ? seconds : undefined;
    },
  };
}

function broken(what: string): Ending {
  return { type: "audio/wav", judge: () => refuse(what) };
}

function refuse(what: string): never {
  throw new RecordingError("bad-audio", `The WAV file ${what}.`);
}
