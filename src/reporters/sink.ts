import type { Writable } from "node:stream";

/** Text on its way to a stream that may be slow, or gone. */
export interface Sink {
  write(text: string): void;
  /** Writes what waits, now. */
  flush(): void;
  /** Resolves when everything is with the stream, or the stream is gone. The stream stays open: it is not ours. */
  close(): Promise<void>;
}

const fullAt = 64 * 1024;

/**
 * Gathers text into large writes: at most `delayMs` late, 0 for at once. While the stream is full it waits for
 * `drain`; a stream that fails takes nothing more and never throws here.
 */
export function openSink(stream: Writable, delayMs: number): Sink {
  let waiting = "";
  let full = false;
  let gone = stream.destroyed;
  let timer: NodeJS.Timeout | undefined;

  const onDrain = () => {
    full = false;
    flush();
  };
  const onGone = () => {
    gone = true;
    waiting = "";
  };
  stream.on("drain", onDrain).on("error", onGone).on("close", onGone);

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gone || full || waiting === "") return;
    const text = waiting;
    waiting = "";
    full = !stream.write(text);
  }

  return {
    flush,
    write(text) {
      if (gone) return;
      waiting += text;
      if (delayMs === 0 || waiting.length >= fullAt) flush();
      else timer ??= setTimeout(flush, delayMs);
    },
    async close() {
      flush();
      clearTimeout(timer);
      const rest = waiting;
      waiting = "";
      if (!gone) await lastWrite(stream, rest);
      onGone();
      stream.off("drain", onDrain).off("error", onGone).off("close", onGone);
    },
  };
}

/** Settles when `text` and all before it are written, or when the stream fails or closes first. */
function lastWrite(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stream.off("close", settle).off("error", settle);
      resolve();
    };
    stream.once("close", settle).once("error", settle);
    stream.write(text, settle);
  });
}
