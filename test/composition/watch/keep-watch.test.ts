import { expect, it, vi } from "vitest";
import type { Invocation } from "../../../src/cli/io.ts";
import { keepWatch, signOfLife } from "../../../src/composition/watch/keep-watch.ts";
import { RecordingError } from "../../../src/core/model/errors.ts";
import { openExpectation } from "../../../src/core/watch/expectation.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { testIo } from "../../helpers/test-io.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const pauseMs = 40 * second;

/** A watch whose looks and comparisons do as they are told, on a clock that stands still. */
function openStage() {
  const held = heldClock();
  let asleepMs = 0;
  const clock = { ...held, now: () => held.now() + asleepMs };
  const io = { ...testIo({}), clock, stop: new AbortController().signal };
  const stopping = new AbortController();
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const looks = { look: vi.fn(async () => undefined as never), pauseMs: () => pauseMs, renew: vi.fn(async () => {}) };
  const pulse = { beat: vi.fn(), looked: vi.fn(), failed: vi.fn(), reconciled: vi.fn(), isProven: true };
  const reconcile = vi.fn(async () => 0);
  const parts = {
    invocation: { io: { ...io, stop: stopping.signal }, settings: { timezone: "UTC" } } as unknown as Invocation,
    voice: { info: say, warn: say } as never,
    looks: looks as never,
    pulse: pulse as never,
    expectation: openExpectation(),
    reconcile,
  };
  return {
    held,
    said,
    looks,
    pulse,
    reconcile,
    sleep(ms: number) {
      asleepMs += ms;
    },
    run: () => {
      const running = keepWatch(parts);
      running.catch(() => {});
      return {
        running,
        async stop() {
          stopping.abort(new RecordingError("interrupted", "Interrupted."));
          await held.advance(0);
          return running;
        },
      };
    },
  };
}

const unreachable = () => new RecordingError("unreachable", "platform.example: no route.", { verdict: "retry" });

it("looks in its pace, and compares archive and call log when it starts and once a day", async () => {
  const stage = openStage();
  const { stop } = stage.run();
  await stage.held.advance(10 * minute);
  expect(stage.looks.look).toHaveBeenCalledTimes(16);
  expect(stage.reconcile).toHaveBeenCalledTimes(1);
  await stage.held.advance(24 * hour);
  expect(stage.reconcile).toHaveBeenCalledTimes(2);
  await stop();
  expect(stage.pulse.reconciled).toHaveBeenCalledWith(0);
});

it("looks at once after a sleep of the machine, connects anew and compares", async () => {
  const stage = openStage();
  const { stop } = stage.run();
  await stage.held.advance(second);
  stage.sleep(8 * hour);
  await stage.held.advance(5 * second);
  expect(stage.looks.look).toHaveBeenCalledTimes(2);
  expect(stage.looks.renew).toHaveBeenCalledTimes(1);
  expect(stage.reconcile).toHaveBeenCalledTimes(2);
  expect(stage.said.join("\n")).toContain("The machine slept or its clock was set (8 h): looking at once.");
  await stop();
});

it("outlasts a day without a network: told at first and each hour, and all of it is compared afterwards", async () => {
  const stage = openStage();
  const { stop } = stage.run();
  await stage.held.advance(minute);
  stage.looks.look.mockImplementation(async () => {
    throw unreachable();
  });
  await stage.held.advance(24 * hour + minute);
  const told = stage.said.filter((message) => message.includes("no route"));
  expect(told).toHaveLength(25);
  expect(told[0]).toBe("platform.example: no route. Looking again in 40 s; what comes meanwhile is fetched then.");
  expect(told[1]).toContain("It has been so since 2026-11-21 00:0");
  stage.looks.look.mockImplementation(async () => undefined as never);
  await stage.held.advance(minute);
  expect(stage.said.join("\n")).toContain("The call log can be read again, after 1 d");
  expect(stage.reconcile).toHaveBeenCalledTimes(2);
  await stop();
});

it.each([
  ["login-refused", "Refused."],
  ["disk-full", "Full."],
] as const)("ends with %s, also where a comparison meets it", async (code, message) => {
  const first = openStage();
  first.looks.look.mockRejectedValue(new RecordingError(code, message));
  await expect(first.run().running).rejects.toMatchObject({ code });
  const second = openStage();
  second.reconcile.mockRejectedValue(new RecordingError(code, message));
  const { running } = second.run();
  await second.held.advance(10_000);
  await expect(running).rejects.toMatchObject({ code });
});

it("compares again soon after a comparison that could not be finished", async () => {
  const stage = openStage();
  stage.reconcile.mockRejectedValueOnce(unreachable());
  const { stop } = stage.run();
  await stage.held.advance(9 * minute);
  expect(stage.reconcile).toHaveBeenCalledTimes(1);
  expect(stage.said.join("\n")).toContain("compared with the call log again in 10 min");
  await stage.held.advance(2 * minute);
  expect(stage.reconcile).toHaveBeenCalledTimes(2);
  await stop();
});

it("takes an announced wait for a sign of life until it is over", () => {
  const beat = vi.fn();
  const clock = heldClock();
  const hear = signOfLife({ beat }, { clock });
  hear({ event: "waiting", reason: "a pause", untilMs: clock.now() + hour });
  hear({ event: "notice", level: "info", message: "Something." });
  expect(beat.mock.calls).toEqual([[hour], [0]]);
});
