/*
 * Bytes are pushed, not pulled. `Receiver.chunk` may return a promise to pause the connection; no promise per chunk
 * otherwise. An async iterator per file halves the throughput of call-sized files.
 */

import { asRecordingError } from "../model/errors.ts";
import type { Clock, Destination, Incoming, Receiver, Streamer, Transfer, TransferHooks } from "../model/ports.ts";
import type { ResponseHead, SourceName } from "../model/recording.ts";
import { asItsRangeSays, contentLength } from "../model/response-headers.ts";

/** The part of a destination that a transfer needs, and closes with itself. */
export type Opener = Pick<Destination, "open"> & AsyncDisposable;

/** Transfers in this thread into one destination, through the HTTP clients of each source's logins. */
export function openTransfer(
  streamers: Readonly<Partial<Record<SourceName, readonly Streamer[]>>>,
  destination: Opener,
): Transfer {
  return {
    async run(job, hooks, signal) {
      const streamer = streamers[job.source]?.[job.login ?? 0];
      if (streamer === undefined) throw new Error(`no client for ${job.source}`);
      const expect = job.resumable ? job.expect : { ...job.expect, resume: false };
      const incoming = await destination.open(job.path, expect, signal);
      try {
        const headers = { ...job.headers, ...incoming.rangeHeaders };
        await streamer.stream({ url: job.url, headers }, new Watched(incoming, hooks), signal);
      } catch (thrown) {
        const error = asRecordingError(thrown);
        await incoming.abandon(error);
        throw error;
      }
      return incoming.finish();
    },
    async [Symbol.asyncDispose]() {
      await destination[Symbol.asyncDispose]();
    },
  };
}

/** The incoming recording with hooks that hear of head and bytes. */
class Watched implements Receiver {
  readonly #incoming: Incoming;
  readonly #hooks: TransferHooks;
  #total: number | undefined;

  constructor(incoming: Incoming, hooks: TransferHooks) {
    this.#incoming = incoming;
    this.#hooks = hooks;
  }

  head(head: ResponseHead): void {
    this.#hooks.head?.(head);
    this.#total = contentLength(head);
    this.#incoming.head(asItsRangeSays(head));
  }

  chunk(bytes: Uint8Array): void | Promise<void> {
    this.#hooks.progress?.(bytes.byteLength, this.#total);
    return this.#incoming.chunk(bytes);
  }
}

/** Makes streamers that let at most `bytesPerSecond` through, over all transfers of all of them together. */
export function limitRate(bytesPerSecond: number, clock: Clock): (streamer: Streamer) => Streamer {
  let freeAt = clock.monotonic();
  return (streamer) => ({
    stream(request, receiver, signal) {
      return streamer.stream(
        request,
        {
          head: (head) => receiver.head(head),
          chunk(bytes) {
            const now = clock.monotonic();
            freeAt = Math.max(freeAt, now) + (bytes.byteLength * 1000) / bytesPerSecond;
            const taken = receiver.chunk(bytes);
            const pause = freeAt - now;
            return pause < 5 ? taken : Promise.all([taken, clock.sleep(pause, signal)]).then(() => {});
          },
        },
        signal,
      );
    },
  });
}
