import { contentLength, contentRange } from "./answer.ts";
import { scanAudio } from "./audio-kind.ts";
import { isSuccess, openBeginning } from "./audio-refusal.ts";
import { type Ending, openScan } from "./audio-scan.ts";
import { RecordingError } from "./errors.ts";
import type { AudioType, ResponseHead } from "./recording.ts";

export { audioExtensions } from "./audio-kind.ts";

/** What a body turned out to be. */
export interface Audio {
  readonly contentType: AudioType;
  /** Seconds, where the header tells or the bit rate is constant. */
  readonly audioSeconds?: number;
}

/** Holds one body against everything a recording must be, as it arrives. Every refusal is a RecordingError. */
export interface AudioCheck {
  /**
   * The answer's head, before its bytes. Bytes fed before it are those of an earlier, broken download that this answer
   * continues.
   */
  head(head: ResponseHead): void;
  /** Throws once the body is known to be no recording; a body of text is first read as far as the source may need it. */
  chunk(bytes: Uint8Array): void;
  /** The body is over: the last checks. */
  finish(): Audio;
  /** Known as soon as the first bytes are certain. */
  readonly type: AudioType | undefined;
  /** Bytes of the recording so far. */
  readonly bytes: number;
  /** Whether the answer is refused already and its bytes only serve to tell why. */
  readonly refused: boolean;
}

/** `now` (wall clock, milliseconds) serves only for a Retry-After date from a server that does not tell its own time. */
export function openAudioCheck(now: () => number = Date.now): AudioCheck {
  const scan = openScan(scanAudio());
  const beginning = openBeginning();
  let answer: ResponseHead | undefined;
  let announced: number | undefined;
  let bytes = 0;
  let refused = false;

  const refusal = () => beginning.refusal(answer, now());

  return {
    get type() {
      return scan.type;
    },
    get bytes() {
      return bytes;
    },
    get refused() {
      return refused;
    },
    head(head) {
      answer = head;
      announced = announcedLength(head, bytes);
      refused = !isSuccess(head);
      if (refused) beginning.forget();
    },
    chunk(chunk) {
      if (!refused) bytes += chunk.length;
      if (!refused && scan.type !== undefined) return scan.feed(chunk);
      beginning.add(chunk);
      if (!refused) scan.feed(chunk);
      if (!refused && scan.type !== undefined) return beginning.forget();
      refused ||= scan.done;
      if (refused && beginning.enough) throw refusal();
    },
    finish() {
      if (refused) throw refusal();
      if (announced !== undefined && announced !== bytes) throw wrongLength(announced, bytes);
      if (bytes === 0) throw emptyBody(answer);
      scan.end();
      if (scan.ending === undefined) throw refusal();
      return judged(scan.ending, bytes, announced !== undefined);
    },
  };
}

/** The length of the whole recording, of which `before` bytes were there before this answer. */
function announcedLength(head: ResponseHead, before: number): number | undefined {
  const total = head.status === 206 ? contentRange(head)?.total : undefined;
  if (total !== undefined) return total;
  const length = contentLength(head);
  return length === undefined ? undefined : before + length;
}

function judged(ending: Ending, bytes: number, lengthKnown: boolean): Audio {
  try {
    const seconds = ending.judge(bytes);
    return { contentType: ending.type, ...(seconds === undefined ? {} : { audioSeconds: seconds }) };
  } catch (error) {
    // Without an announced length the connection may have closed early: the same file can be whole next time.
    if (lengthKnown || !(error instanceof RecordingError)) throw error;
    throw new RecordingError(error.code, error.message, { verdict: "retry" });
  }
}

function wrongLength(announced: number, arrived: number): RecordingError {
  return new RecordingError("wrong-length", `The server announced ${announced} bytes and sent ${arrived}.`);
}

function emptyBody(head: ResponseHead | undefined): RecordingError {
  const details = head === undefined ? {} : { head };
  return new RecordingError("empty-body", "The server sent no audio: the answer is empty.", details);
}
