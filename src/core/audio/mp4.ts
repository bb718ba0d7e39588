import { RecordingError } from "../model/errors.ts";
import { latin, type Scanner, viewOf } from "./scan.ts";

/** MP4: walks the outer boxes; they must fill the file exactly and hold a `moov`, else nothing can play it. */
export function* scanMp4(): Scanner {
  let at = 0;
  let seconds: number | undefined;
  let movie = false;
  for (;;) {
    const header: Uint8Array = yield { at, length: 16, type: "audio/mp4" };
    if (header.length === 0) break;
    const size = boxSize(header);
    if (size === undefined) return { type: "audio/mp4", conclude: (total) => refuseMp4(at, total) };
    if (latin(header, 4, 4) === "moov") {
      movie = true;
      seconds = movieSeconds(yield { at: at + 8, length: 40 });
    }
    at += size;
  }
  return {
    type: "audio/mp4",
    conclude(total) {
      if (Number.isFinite(at) && at > total) return refuseMp4(at, total);
      if (!movie) throw new RecordingError("bad-audio", "The MP4 file has no index (moov) and cannot be played.");
      return { ...(seconds === undefined ? {} : { seconds }), proven: Number.isFinite(at) };
    },
  };
}

/** Bytes to the next box; infinite for one that lasts until the end of the file; undefined when it is no box. */
function boxSize(header: Uint8Array): number | undefined {
  if (header.length < 8) return undefined;
  const view = viewOf(header);
  const size = view.getUint32(0);
  if (size === 0) return Number.POSITIVE_INFINITY;
  if (size !== 1) return size < 8 ? undefined : size;
  const long = header.length < 16 ? 0 : Number(view.getBigUint64(8));
  return long < 16 ? undefined : long;
}

/** From the `mvhd` that `moov` begins with. */
function movieSeconds(bytes: Uint8Array): number | undefined {
  if (bytes.length < 40 || latin(bytes, 4, 4) !== "mvhd") return undefined;
  const view = viewOf(bytes);
  const long = view.getUint8(8) === 1;
  const scale = view.getUint32(long ? 28 : 20);
  const duration = long ? Number(view.getBigUint64(32)) : view.getUint32(24);
  return scale === 0 || duration === 0 ? undefined : duration / scale;
}

function refuseMp4(at: number, total: number): never {
  throw new RecordingError(
    "bad-audio",
    `The MP4 file breaks off: it has ${total} bytes, its parts do not end there (${at}).`,
  );
}
