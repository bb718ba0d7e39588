import { asRecordingError } from "./errors.ts";
import type { Destination, Incoming, Receiver, Streamer, Transfer, TransferHooks } from "./ports.ts";
import type { SourceName } from "./recording.ts";

/** Transfers in this thread: one source's HTTP client into one destination. */
export function openTransfer(
  streamers: Readonly<Partial<Record<SourceName, Streamer>>>,
  destination: Destination,
): Transfer {
  return {
    async run(job, hooks, signal) {
      const streamer = streamers[job.source];
      if (streamer === undefined) throw new Error(`no client for ${job.source}`);
      const expect = job.resumable ? job.expect : { ...job.expect, resume: false };
      const incoming = await destination.open(job.path, expect, signal);
      try {
        const headers = { ...job.headers, ...incoming.rangeHeaders };
        await streamer.stream({ url: job.url, headers }, watched(incoming, hooks), signal);
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
function watched(incoming: Incoming, hooks: TransferHooks): Receiver {
  let total: number | undefined;
  return {
    head(head) {
      hooks.head?.(head);
      const length = Number(head.headers["content-length"]);
      if (Number.isFinite(length)) total = length;
      incoming.head(head);
    },
    chunk(bytes) {
      hooks.progress?.(bytes.byteLength, total);
      return incoming.chunk(bytes);
    },
  };
}
