import { expect, it } from "vitest";
import { openTransfer } from "../../src/core/download/transfer.ts";
import type { Destination, Expectation, Incoming } from "../../src/core/model/ports.ts";

const never = new AbortController().signal;

function destination(asked: Expectation[]): Destination {
  const incoming: Incoming = {
    rangeHeaders: { range: "bytes=5-" },
    head: () => {},
    chunk: () => {},
    finish: async () => ({ settled: Promise.reject(new Error("not of interest")) }),
    abandon: async () => {},
  };
  return {
    open: async (_path, expect) => {
      asked.push(expect);
      return incoming;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const job = { source: "tim", url: "http://127.0.0.1/", headers: { a: "b" }, resumable: false, path: "x" } as const;

it("asks to continue only where the link may, and sends the range along", async () => {
  const asked: Expectation[] = [];
  const sent: unknown[] = [];
  const heads: number[] = [];
  const streamer = {
    async stream(request: { headers: Readonly<Record<string, string>> }, receiver: { head(head: object): void }) {
      sent.push(request.headers);
      receiver.head({ status: 200, headers: {} });
    },
  };
  const transfer = openTransfer({ tim: [streamer as never] }, destination(asked));
  const expectation = { key: "tim/1/2/3", resume: true, overwrite: false };
  const hooks = { head: ({ status }: { status: number }) => void heads.push(status) };
  for (const resumable of [false, true]) {
    const { settled } = await transfer.run({ ...job, resumable, expect: expectation }, hooks, never);
    await settled.catch(() => {});
  }
  expect(asked.map(({ resume }) => resume)).toEqual([false, true]);
  expect(sent[1]).toEqual({ a: "b", range: "bytes=5-" });
  expect(heads).toEqual([200, 200]);
  await transfer[Symbol.asyncDispose]();
});

it("knows only the sources it was opened for", async () => {
  const transfer = openTransfer({}, destination([]));
  const expectation = { key: "tim/1/2/3", resume: false, overwrite: false };
  await expect(transfer.run({ ...job, expect: expectation }, {}, never)).rejects.toThrow("no client for tim");
});
