import { statusError } from "./answer.ts";
import { describeBody, isText } from "./audio-kind.ts";
import { RecordingError } from "./errors.ts";
import type { ResponseHead } from "./recording.ts";

/** The beginning of a body that may turn out to be no recording, kept to say what it is. */
export interface Beginning {
  add(chunk: Uint8Array): void;
  /** It is a recording, or another body begins: nothing of it is needed. */
  forget(): void;
  /** Whether more of it would tell nothing more. */
  readonly enough: boolean;
  /** Why it is refused: by the answer's status, else by what the bytes are. */
  refusal(answer: ResponseHead | undefined, nowMs: number): RecordingError;
}

/** How much of a refused answer is kept for the source to judge. */
const mostKept = 64 * 1024;
/** By so many bytes text and data are told apart; only text is worth reading on. */
const telling = 512;

export function openBeginning(): Beginning {
  return new KeptBeginning();
}

class KeptBeginning implements Beginning {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #binary = false;

  add(chunk: Uint8Array): void {
    if (this.#bytes < mostKept) this.#chunks.push(chunk);
    if (this.#bytes < telling) this.#binary ||= !isText(joined(this.#chunks));
    this.#bytes += chunk.length;
  }

  forget(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#binary = false;
  }

  get enough(): boolean {
    return this.#binary || this.#bytes >= mostKept;
  }

  refusal(answer: ResponseHead | undefined, nowMs: number): RecordingError {
    const body = joined(this.#chunks).subarray(0, mostKept);
    const text = isText(body) ? new TextDecoder().decode(body) : undefined;
    if (answer !== undefined && !isSuccess(answer)) return statusError(answer, text, nowMs);
    return new RecordingError("not-audio", `The server sent ${describeBody(body)} instead of audio.`, {
      ...(answer === undefined ? {} : { head: answer }),
      ...(text === undefined ? {} : { body: text }),
    });
  }
}

export function isSuccess(head: ResponseHead): boolean {
  return head.status >= 200 && head.status < 300;
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
