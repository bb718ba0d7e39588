import type { Clock, Streamer } from "./ports.ts";

/** A streamer that lets at most `bytesPerSecond` through, over all its transfers together. */
export function limitRate(streamer: Streamer, bytesPerSecond: number, clock: Clock): Streamer {
  let freeAt = clock.monotonic();
  return {
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
  };
}
