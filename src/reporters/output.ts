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
  /** What a slow reader has not taken yet, flat: a long string grown piece by piece takes several times its length. */
  let held: Buffer[] = [];
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
    held = [];
  };
  stream.on("drain", onDrain).on("error", onGone).on("close", onGone);

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gone) return;
    if (full && waiting.length < fullAt) return;
    if (waiting !== "") held.push(Buffer.from(waiting));
    waiting = "";
    while (!full && held.length > 0) full = !stream.write(held.shift());
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
      // From here on the stream keeps the order itself.
      stream.off("drain", onDrain);
      if (!gone) await lastWrites(stream, [...held, Buffer.from(waiting)]);
      onGone();
      stream.off("error", onGone).off("close", onGone);
    },
  };
}

/** Settles when these and all before it are written, or when the stream fails or closes first. */
function lastWrites(stream: Writable, chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stream.off("close", settle).off("error", settle);
      resolve();
    };
    stream.once("close", settle).once("error", settle);
    chunks.forEach((chunk, index) => {
      stream.write(chunk, index === chunks.length - 1 ? settle : undefined);
    });
  });
}
