import { expect, test } from "vitest";
import { letGo } from "../../src/destinations/disk/let-go.ts";

const canLetGo = "transfer" in ArrayBuffer.prototype;

test("memory goes back once the last bytes of a read are done with, and not before", () => {
  const read = new Uint8Array(40_000);
  letGo(read.subarray(0, 39_999));
  expect(read.length).toBe(40_000);
  letGo(read.subarray(100));
  expect(read.length).toBe(canLetGo ? 0 : 40_000);
});

test("memory that other buffers share stays", () => {
  const short = new Uint8Array(1000);
  const neighbour = Buffer.from("neighbour");
  letGo(short);
  letGo(Buffer.from(neighbour.buffer, neighbour.byteOffset));
  expect(short.length).toBe(1000);
  expect(neighbour.toString()).toBe("neighbour");
});
