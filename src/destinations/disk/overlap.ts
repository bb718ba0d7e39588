import { RecordingError } from "../../core/errors.ts";

/** So much of a part is asked for again, where no validator tells that its source is still the same file. */
export const overlapBytes = 64 * 1024;

/** Holds the beginning of an answer against what is here already. */
export interface Overlap {
  /** The bytes that come after the overlap; throws `changed` at the first one that differs within it. */
  rest(bytes: Uint8Array): Uint8Array;
  /** Bytes that must still come before there is anything new. */
  readonly missing: number;
}

export function openOverlap(known: Uint8Array): Overlap {
  let at = 0;
  return {
    rest(bytes) {
      const again = bytes.subarray(0, known.length - at);
      if (Buffer.compare(again, known.subarray(at, at + again.length)) !== 0) {
        throw new RecordingError("changed", "The recording is another one than before at the source: starting over.");
      }
      at += again.length;
      return bytes.subarray(again.length);
    },
    get missing() {
      return known.length - at;
    },
  };
}
