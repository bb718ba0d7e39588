import { expect, it } from "vitest";
import { limitRate } from "../../src/core/download/transfer.ts";
import type { Streamer } from "../../src/core/model/ports.ts";
import { heldClock } from "../helpers/held-clock.ts";

const never = new AbortController().signal;
const request = { url: "http://127.0.0.1/", headers: {} };

function chunks(count: number, size: number): Streamer {
  return {
    async stream(_request, receiver) {
      receiver.head({ status: 200, headers: {} });
      for (let at = 0; at < count; at += 1) await receiver.chunk(new Uint8Array(size));
    },
  };
}

it("lets only so many bytes a second through, over all transfers together", async () => {
  const clock = heldClock();
  const limited = limitRate(1000, clock)(chunks(10, 1000));
  let bytes = 0;
  const receiver = {
    head: () => {},
    chunk(more: Uint8Array) {
      bytes += more.byteLength;
    },
  };
  const both = Promise.all([limited.stream(request, receiver, never), limited.stream(request, receiver, never)]);
  await clock.advance(5_000);
  expect(bytes).toBeGreaterThanOrEqual(5_000);
  expect(bytes).toBeLessThanOrEqual(7_000);
  await clock.advance(20_000);
  await both;
  expect(bytes).toBe(20_000);
});

it("counts the bytes of all the streamers that it made", async () => {
  const clock = heldClock();
  const limited = limitRate(1000, clock);
  let bytes = 0;
  const receiver = {
    head: () => {},
    chunk(more: Uint8Array) {
      bytes += more.byteLength;
    },
  };
  const streams = [chunks(10, 1000), chunks(10, 1000)].map((each) => limited(each).stream(request, receiver, never));
  await clock.advance(5_000);
  expect(bytes).toBeLessThanOrEqual(7_000);
  await clock.advance(20_000);
  await Promise.all(streams);
});

it("does not hold what is far below the limit", async () => {
  const clock = heldClock();
  let heads = 0;
  const receiver = {
    head() {
      heads += 1;
    },
    chunk: () => {},
  };
  await limitRate(1_000_000, clock)(chunks(10, 10)).stream(request, receiver, never);
  expect(heads).toBe(1);
});
