import type { Reporter } from "../core/ports.ts";

/** Shows nothing. */
export const noReporter: Reporter = {
  report() {},
  async close() {},
};
