import { expect, test, vi } from "vitest";
import { type ReadAheadSettings, readAhead } from "../../src/core/download/read-ahead.ts";
import type { Work } from "../../src/core/download/work.ts";
import type { RecordingRef } from "../../src/core/model/recording.ts";

const ref = (id: string): RecordingRef => ({
  key: `ringcentral/${id}`,
  source: "ringcentral",
  id,
  locator: {},
  call: {},
});

const piece = (first: number, count: number): Work => ({
  events: [],
  refs: Array.from({ length: count }, (_, at) => ref(String(first + at))),
});

/** What is read of `pieces`, with what was found and how many were asked for. */
function reading(pieces: readonly (Work | Error)[], most = 100, settings: Partial<ReadAheadSettings> = {}) {
  const found: [number, boolean][] = [];
  const asked = { pieces: 0, closed: 0 };
  async function* source() {
    try {
      for (const each of pieces) {
        asked.pieces += 1;
        if (each instanceof Error) throw each;
        yield each;
      }
    } finally {
      asked.closed += 1;
    }
  }
  const end = vi.fn();
  const told = { most, found: (count: number, complete: boolean) => void found.push([count, complete]), end };
  return { found, asked, end, work: readAhead(source(), { ...told, ...settings }) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("brings the same pieces in the same order", async () => {
  const pieces = [piece(0, 2), piece(2, 0), piece(2, 3)];
  const { work, found, end } = reading(pieces);
  const read: Work[] = [];
  for await (const each of work) {
    await settle();
    read.push(each);
  }
  expect(read).toEqual(pieces);
  expect(found).toEqual([
    [2, false],
    [2, false],
    [5, false],
    [5, true],
  ]);
  expect(end).not.toHaveBeenCalled();
});

test("tells all there is while the first piece is at work", async () => {
  const { work, found } = reading([piece(0, 2), piece(2, 3)]);
  await work.next();
  await settle();
  expect(found.at(-1)).toEqual([5, true]);
});

test("asks for no more than may wait, and goes on when there is room", async () => {
  const { work, asked } = reading([piece(0, 60), piece(60, 60), piece(120, 60), piece(180, 60)], 100);
  await work.next();
  await settle();
  expect(asked.pieces).toBe(3);
  await work.next();
  await settle();
  expect(asked.pieces).toBe(4);
});

test("an error comes after the pieces before it", async () => {
  const { work, found } = reading([piece(0, 2), new Error("The listing broke.")]);
  expect((await work.next()).value).toEqual(piece(0, 2));
  await expect(work.next()).rejects.toThrow("The listing broke.");
  expect(found).toEqual([[2, false]]);
});

test("a reader that leaves ends what the work waits for, and the work is closed", async () => {
  const { work, asked, end } = reading([piece(0, 60), piece(60, 60), piece(120, 60)], 50);
  for await (const _ of work) break;
  expect(end).toHaveBeenCalledOnce();
  expect(asked.closed).toBe(1);
});

test("a reader that leaves while the next piece is on its way does not wait for ever", async () => {
  let fail = (_: Error) => {};
  async function* source() {
    yield piece(0, 1);
    await new Promise((_, reject) => {
      fail = reject;
    });
  }
  const found = vi.fn();
  const work = readAhead(source(), { most: 100, found, end: () => fail(new Error("ended")) });
  await work.next();
  await settle();
  await work.return(undefined);
  expect(found).toHaveBeenCalledTimes(1);
});

test("a piece that comes when the reader has left is dropped", async () => {
  let come = () => {};
  async function* source() {
    yield piece(0, 1);
    await new Promise<void>((resolve) => {
      come = resolve;
    });
    yield piece(1, 1);
  }
  const found = vi.fn();
  const work = readAhead(source(), { most: 100, found, end: () => come() });
  await work.next();
  await settle();
  await work.return(undefined);
  expect(found).toHaveBeenCalledTimes(1);
});
