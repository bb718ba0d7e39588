import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Those that leave nothing behind in their process: their files share one, which spares a third of the time. */
const sharing =
  "test/{cli,composition,core,destinations,http,ledgers,platform,readers,reporters,sandbox,sources}/**/*.test.ts";
/** Those that take seconds; their files share a process as well, which spares two fifths of their CPU time. */
const slow = "test/**/*.slow.test.ts";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    projects: [
      { extends: true, test: { name: "sharing", include: [sharing], exclude: [slow], isolate: false } },
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: [sharing, slow] } },
      {
        extends: true,
        test: {
          name: "slow",
          include: [slow],
          globalSetup: "test/helpers/shared-servers.ts",
          isolate: false,
          // They wait for programs, servers and browsers about as long as they compute.
          maxWorkers: 2 * availableParallelism(),
          sequence: { groupOrder: 1 },
        },
      },
    ],
    pool: "forks",
    // Most tests wait for programs and servers of their own.
    maxWorkers: "100%",
    retry: 0,
    // No answer is slow on a busy machine: only one that never comes fails.
    expect: { poll: { timeout: 150_000 } },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: {
        // Of what the quick tests run in their own process: the built program that they start counts nothing.
        lines: 75,
        branches: 70,
        "src/core/**": { lines: 100, branches: 95 },
      },
    },
  },
});
