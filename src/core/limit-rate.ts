import type { Clock, Streamer } from "./ports.ts";

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
