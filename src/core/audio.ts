import { contentLength, contentRange, statusError } from "./answer.ts";
import { describeBody, isText, scanAudio } from "./audio-kind.ts";
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

/** How much of a refused answer is kept for the source to judge. */
const mostKept = 64 * 1024;

/** `now` (wall clock, milliseconds) serves only for a Retry-After date from a server that does not tell its own time. */
export function openAudioCheck(now: () => number = Date.now): AudioCheck {
  const scan = openScan(scanAudio());
  let answer: ResponseHead | undefined;
  let announced: number | undefined;
  let bytes = 0;
  let refused = false;
  /** The beginning of the body, until it is known to be audio. */
  let kept: Uint8Array[] = [];
  let keptBytes = 0;

  function keep(chunk: Uint8Array): void {
    if (keptBytes < mostKept) kept.push(chunk);
    keptBytes += chunk.length;
  }

  function forget(): void {
    kept = [];
    keptBytes = 0;
  }

  function refusal(): RecordingError {
    const body = joined(kept).subarray(0, mostKept);
    const text = isText(body) ? new TextDecoder().decode(body) : undefined;
    if (answer !== undefined && !isSuccess(answer)) return statusError(answer, text, now());
    return new RecordingError("not-audio", `The server sent ${describeBody(body)} instead of audio.`, {
      ...(answer === undefined ? {} : { head: answer }),
      ...(text === undefined ? {} : { body: text }),
    });
  }

  function empty(): RecordingError {
    const details = answer === undefined ? {} : { head: answer };
    return new RecordingError("empty-body", "The server sent no audio: the answer is empty.", details);
  }

  function weigh(): void {
    if (!refused && scan.type !== undefined) forget();
    else if (scan.done && scan.type === undefined) refused = true;
    if (refused && (keptBytes >= mostKept || !isText(joined(kept)))) throw refusal();
  }

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
      refused = !isSuccess(head);
      if (refused) forget();
      const length = contentLength(head);
      announced =
        (head.status === 206 ? contentRange(head)?.total : undefined) ??
        (length === undefined ? undefined : bytes + length);
    },
    chunk(chunk) {
      if (scan.type === undefined || refused) keep(chunk);
      if (refused) return weigh();
      bytes += chunk.length;
      if (scan.done) return;
      scan.feed(chunk);
      weigh();
    },
    finish() {
      if (refused) throw refusal();
      if (announced !== undefined && announced !== bytes) throw wrongLength(announced, bytes);
      if (bytes === 0) throw empty();
      scan.end();
      if (scan.ending === undefined) throw refusal();
      return judged(scan.ending, bytes, announced !== undefined);
    },
  };
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

function isSuccess(head: ResponseHead): boolean {
  return head.status >= 200 && head.status < 300;
}

function wrongLength(announced: number, arrived: number): RecordingError {
  return new RecordingError("wrong-length", `The server announced ${announced} bytes and sent ${arrived}.`);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
