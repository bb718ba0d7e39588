import { RecordingError } from "../../core/model/errors.ts";
import type { Receiver } from "../../core/model/ports.ts";
import type { ResponseHead } from "../../core/model/recording.ts";
import type { HttpAnswer } from "../../http/client.ts";

/** An answer whose head is here and whose body is taken as it is wanted. */
export interface OpenBody {
  readonly head: ResponseHead;
  /** To be gone through once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The small body of a refusal. */
  whole(): Promise<HttpAnswer>;
  /** Cuts the connection if it is still at work. */
  close(): void;
}

/** So much waits for whoever reads before the connection is held back. */
const mostHeld = 1024 * 1024;
const mostOfRefusal = 64 * 1024;

/** Streams an answer and gives it once its head is here. A failure after it is thrown by who reads. */
export async function openBody(
  stream: (receiver: Receiver, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<OpenBody> {
  const cut = new AbortController();
  const pipe = openPipe();
  const ended = stream(pipe.receiver, AbortSignal.any([signal, cut.signal])).then(
    () => pipe.end(),
    (error: unknown) => pipe.end(error),
  );
  const head = await pipe.head;
  const bytes = pipe.bytes(announcedBytes(head));
  const close = () => {
    cut.abort(new RecordingError("interrupted", "No longer wanted."));
    pipe.letGo();
  };
  return {
    head,
    bytes,
    async whole() {
      const kept: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of bytes) {
        kept.push(chunk);
        size += chunk.length;
        if (size > mostOfRefusal) break;
      }
      close();
      await ended;
      return { ...head, body: Buffer.concat(kept).subarray(0, mostOfRefusal) };
    },
    close,
  };
}

function announcedBytes({ headers }: ResponseHead): number | undefined {
  const text = headers["content-length"] ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

interface Pipe {
  readonly receiver: Receiver;
  readonly head: Promise<ResponseHead>;
  /** Throws where fewer come than were announced. */
  bytes(announced: number | undefined): AsyncIterable<Uint8Array>;
  end(error?: unknown): void;
  letGo(): void;
}

function openPipe(): Pipe {
  const held: Uint8Array[] = [];
  let size = 0;
  let over: { readonly error?: unknown } | undefined;
  let wake = () => {};
  let goOn = () => {};
  let hasHead: (head: ResponseHead) => void = () => {};
  let hasNone: (error: unknown) => void = () => {};
  const head = new Promise<ResponseHead>((resolve, reject) => {
    hasHead = resolve;
    hasNone = reject;
  });

  function take(): Uint8Array | undefined {
    const chunk = held.shift();
    size -= chunk?.length ?? 0;
    if (size < mostHeld) goOn();
    return chunk;
  }

  async function* bytes(announced: number | undefined): AsyncGenerator<Uint8Array> {
    let given = 0;
    for (let chunk = take(); chunk !== undefined || over === undefined; chunk = take()) {
      if (chunk === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else {
        given += chunk.length;
        yield chunk;
      }
    }
    if (over.error !== undefined) throw over.error;
    if (announced !== undefined && given < announced) throw new RecordingError("reset", "The answer broke off.");
  }

  return {
    head,
    bytes,
    receiver: {
      head: hasHead,
      chunk(chunk) {
        held.push(chunk);
        size += chunk.length;
        wake();
        if (size < mostHeld) return undefined;
        return new Promise<void>((resolve) => {
          goOn = resolve;
        });
      },
    },
    end(error) {
      over ??= error === undefined ? {} : { error };
      hasNone(error ?? new RecordingError("reset", "The connection closed without an answer."));
      wake();
    },
    letGo() {
      held.length = 0;
      size = 0;
      goOn();
    },
  };
}
