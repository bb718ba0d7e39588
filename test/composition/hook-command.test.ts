import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHookCommand } from "../../src/composition/hook-command.ts";
import { until } from "../helpers/bin.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { testIo } from "../helpers/test-io.ts";

test("a command that goes on after --max-duration gets a minute, then is told to end, then made to", async () => {
  using folder = openTempFolder();
  // It is there once the command is deaf to SIGTERM.
  const ready = join(folder.path, "ready");
  const io = testIo({ PATH: process.env.PATH ?? "" });
  const waits: number[] = [];
  const clock = {
    ...io.clock,
    monotonic: () => 1_000,
    sleep: (ms: number, signal: AbortSignal) => {
      waits.push(ms);
      return ms === 64_000 ? until(() => existsSync(ready), "the command").then(() => {}) : io.clock.sleep(50, signal);
    },
  };
  const world = { io: { ...io, clock }, settings: { maxDuration: 5_000 }, begun: 0 };
  const stubborn = `sh -c "trap '' TERM; touch ${ready}; while :; do sleep 0.1; done"`;
  const command = openHookCommand("--exec", stubborn, world, () => {});
  expect(await command.run({})).toBe("sh was killed by SIGKILL");
  expect(waits).toEqual([64_000, 2_000]);
});
