import type { Invocation } from "../command.ts";

/** One line on a terminal that says how far a long command came; silent elsewhere. */
export interface Meter {
  tick(): void;
  /** Prints something without mixing with the line. */
  above(print: () => void): void;
  close(): void;
}

const everyMs = 200;

export function openMeter({ io, settings }: Invocation, line: () => string): Meter {
  const { stderr, clock } = io;
  const shown = stderr.isTTY === true && !settings.quiet && settings.progress !== "none";
  let last = clock.monotonic();
  const clear = () => {
    if (shown) stderr.write("\r\x1b[K");
  };
  const draw = () => {
    if (shown) stderr.write(`\r\x1b[K${line().slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return {
    tick() {
      const now = clock.monotonic();
      if (!shown || now - last < everyMs) return;
      last = now;
      draw();
    },
    above(print) {
      clear();
      print();
    },
    close: clear,
  };
}
