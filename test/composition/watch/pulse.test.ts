import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { Invocation } from "../../../src/cli/io.ts";
import { openPulse } from "../../../src/composition/watch/pulse.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { openTempFolder } from "../../helpers/temp-folder.ts";
import { testIo } from "../../helpers/test-io.ts";

/** A busy machine takes its time for a program or a file. */
const patience = 150_000;

const minute = 60_000;

it("tells the watchdog that it lives, and no longer once it has stood still for ten minutes", async () => {
  const clock = heldClock();
  const invocation = { io: { ...testIo({}), clock }, settings: { timezone: "UTC" } } as unknown as Invocation;
  const manager = { tell: vi.fn(), watchdogMs: 4 * minute };
  const pulse = openPulse(
    invocation,
    manager,
    () => undefined,
    () => {},
  );
  await clock.advance(2 * minute);
  expect(manager.tell).toHaveBeenLastCalledWith("WATCHDOG=1", "STATUS=Watching; no look has succeeded yet.");
  pulse.looked(0);
  await clock.advance(2 * minute);
  expect(manager.tell.mock.lastCall?.[1]).toBe("STATUS=Watching; last look 2026-11-21 00:02:00 +00:00.");
  await clock.advance(60 * minute);
  expect(manager.tell).toHaveBeenCalledTimes(5);
  pulse.beat(30 * minute);
  await clock.advance(39 * minute);
  expect(manager.tell.mock.calls.length).toBeGreaterThan(20);
  await pulse.close(0);
  expect(clock.sleeping).toBe(0);
});

it("keeps the metrics of a watch fresh: the last good look counts, and how it fares now", async () => {
  using folder = openTempFolder();
  const clock = heldClock();
  const metrics = join(folder.path, "watch.prom");
  const io = { ...testIo({ HOME: folder.path }), clock };
  const invocation = { io, settings: { metrics, dest: folder.path }, begun: 0 } as unknown as Invocation;
  const pulse = openPulse(
    invocation,
    undefined,
    () => undefined,
    () => {},
  );
  const read = () => readFileSync(metrics, "utf8");
  pulse.looked(0);
  const well = clock.now() / 1000;
  await clock.advance(minute);
  await vi.waitFor(() => expect(read()).toContain(`callreel_last_success_timestamp_seconds ${well}\n`), patience);
  expect(read()).toContain("callreel_exit_code 0\n");
  pulse.failed(5);
  await clock.advance(minute);
  await vi.waitFor(() => expect(read()).toContain("callreel_exit_code 5\n"), patience);
  expect(read()).toContain(`callreel_last_success_timestamp_seconds ${well}\n`);
  await pulse.close(143);
  expect(read()).toContain("callreel_exit_code 143\n");
});
