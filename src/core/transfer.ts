import { asItsRangeSays, contentLength } from "./answer.ts";
import { asRecordingError } from "./errors.ts";
import type { Destination, Incoming, Receiver, Streamer, Transfer, TransferHooks } from "./ports.ts";
import type { ResponseHead, SourceName } from "./recording.ts";

/** Transfers in this thread into one destination, through the HTTP clients of each source's logins. */
export function openTransfer(
  streamers: Readonly<Partial<Record<SourceName, readonly Streamer[]>>>,
  destination: Destination,
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
