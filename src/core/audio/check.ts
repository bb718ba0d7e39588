import { RecordingError } from "../model/errors.ts";
import type { AudioType, ResponseHead } from "../model/recording.ts";
import { contentLength, contentRange, statusError } from "../model/response-headers.ts";
import { formatCount, formatNumberOf } from "../text.ts";
import { describeBody, isText, scanAudio } from "./kind.ts";
import { type Conclusion, copied, type Ending, latin, openScan } from "./scan.ts";

export { audioExtensions } from "./kind.ts";

/** What a body turned out to be. */
export interface Audio {
  readonly contentType: AudioType;
  /** Seconds of sound, counted in the bytes and not taken from a header. */
  readonly audioSeconds?: number;
  /** What is odd about the file, for a person. */
  readonly note?: string;
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
  return new BodyCheck(now);
}

class BodyCheck implements AudioCheck {
  readonly #now: () => number;
  readonly #scan = openScan(scanAudio());
  readonly #beginning = openBeginning();
  #answer: ResponseHead | undefined;
  #announced: number | undefined;
  #last = noBytes;
  bytes = 0;
  refused = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  get type(): AudioType | undefined {
    return this.#scan.type;
  }

  head(head: ResponseHead): void {
    this.#answer = head;
    this.#announced = announcedLength(head, this.bytes);
    this.refused = !isSuccess(head);
    if (this.refused) this.#beginning.forget();
  }

  chunk(chunk: Uint8Array): void {
    const isKnown = !this.refused && this.#scan.type !== undefined;
    if (!isKnown) this.#beginning.add(chunk);
    if (!this.refused) {
      this.bytes += chunk.length;
      this.#scan.feed(chunk);
      this.#last = lastOf(this.#last, chunk);
      if (!isKnown) this.#learn();
    }
    if (this.refused && this.#beginning.enough) throw this.#refusal();
  }

  finish(): Audio {
    if (this.refused) throw this.#refusal();
    if (this.#announced !== undefined && this.#announced !== this.bytes) throw wrongLength(this.#announced, this.bytes);
    if (this.bytes === 0) throw emptyBody(this.#answer);
    this.#scan.end();
    if (this.#scan.ending === undefined) throw this.#refusal();
    const end = messageAt(this.#last);
    if (end !== undefined) throw endsInMessage(end);
    return audioOf(this.#scan.ending, this.bytes, this.#scan.tail, this.#announced !== undefined);
  }

  /** Whether the first bytes have told what this is. */
  #learn(): void {
    if (this.#scan.type !== undefined) this.#beginning.forget();
    else this.refused = this.#scan.done;
  }

  #refusal(): RecordingError {
    return this.#beginning.refusal(this.#answer, this.#now());
  }
}

/** The length of the whole recording, of which `before` bytes were there before this answer. */
function announcedLength(head: ResponseHead, before: number): number | undefined {
  const total = head.status === 206 ? contentRange(head)?.total : undefined;
  if (total !== undefined) return total;
  const length = contentLength(head);
  return length === undefined ? undefined : before + length;
}

/** Lengths that formats only state, where their bytes do not show them, count as far as any sound could be so sparse. */
function believable(conclusion: Conclusion, bytes: number): Conclusion {
  const { seconds = 0 } = conclusion;
  if (seconds >= 0 && seconds <= 300 + bytes / fewestBytesASecond) return conclusion;
  const { seconds: _, ...others } = conclusion;
  return {
    ...others,
    proven: false,
    note: `Its header says it lasts ${Math.round(seconds)} s, too long for its ${bytes} bytes`,
  };
}

/** Less than silence takes in any format of telephony. */
const fewestBytesASecond = 8;

function audioOf(ending: Ending, bytes: number, tail: Uint8Array, complete: boolean): Audio {
  try {
    const { seconds, note, cut, proven } = believable(ending.conclude(bytes, tail), bytes);
    if (cut !== undefined && !complete) throw new RecordingError("bad-audio", `${cut}: it is not whole.`);
    const unproven = !complete && !proven ? unprovenEnd : undefined;
    const notes = [note, cut, unproven].filter((each) => each !== undefined);
    return {
      contentType: ending.type,
      ...(seconds === undefined ? {} : { audioSeconds: Math.round(seconds * 1000) / 1000 }),
      ...(notes.length === 0 ? {} : { note: `${notes.join(". ")}.` }),
    };
  } catch (error) {
    // Without an announced length the connection may have closed early: the same file can be whole next time.
    if (complete || !(error instanceof RecordingError)) throw error;
    throw new RecordingError(error.code, error.message, { verdict: "retry" });
  }
}

const unprovenEnd = "No length was announced, and nothing in the file shows where it ends";

/** Enough to see the end of a page or of an error's JSON that a server or a proxy has put behind the sound. */
const lastBytes = 2048;
const noBytes = new Uint8Array(0);

/** The last bytes so far. A copy: whoever wrote the chunk may use its memory again. */
function lastOf(before: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const isEnough = chunk.length >= lastBytes;
  return copied((isEnough ? chunk : joined([before, chunk])).subarray(-lastBytes));
}

/** What a body ends in that is a message and no sound: a page, with the comments that make it longer, or an error. */
function messageAt(end: Uint8Array): string | undefined {
  // Either closes with a bracket. Text is made only of what does: of every recording's end it would be most of its garbage.
  if (!closing.has(end[end.findLastIndex((byte) => !spaces.has(byte))])) return undefined;
  const text = latin(end, 0, end.length);
  if (/<\/html>\s*(?:<!--[^>]*-->\s*)*$/i.test(text)) return "a web page";
  return /\{\s*"(?:error\w*|message|status|code|fault)"\s*:[ -~\s]*\}\s*$/i.test(text) ? "an error message" : undefined;
}

const closing: ReadonlySet<number | undefined> = new Set([">", "}"].map((sign) => sign.charCodeAt(0)));
/** What \s takes of Latin-1. */
const spaces: ReadonlySet<number> = new Set([9, 10, 11, 12, 13, 32, 160]);

function endsInMessage(what: string): RecordingError {
  return new RecordingError("bad-audio", `The sound ends in ${what}.`, { verdict: "retry" });
}

function wrongLength(announced: number, arrived: number): RecordingError {
  return new RecordingError(
    "wrong-length",
    `The server announced ${formatNumberOf(announced, "byte")} and sent ${formatCount(arrived)}.`,
  );
}

function emptyBody(head: ResponseHead | undefined): RecordingError {
  const details = head === undefined ? {} : { head };
  return new RecordingError("empty-body", "The server sent no audio: the answer is empty.", details);
}

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
