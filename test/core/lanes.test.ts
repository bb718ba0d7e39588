import { expect, it } from "vitest";
import { openLanes } from "../../src/core/download/lanes.ts";
import type { SourceName } from "../../src/core/model/recording.ts";

function tasks() {
  const running = new Map<string, () => void>();
  const task = (name: string) => () => new Promise<void>((resolve) => running.set(name, resolve));
  const end = async (name: string) => {
    running.get(name)?.();
    running.delete(name);
    await new Promise(setImmediate);
  };
  return { running, task, end };
}

const adaptive = (transfers: (source: SourceName) => number) => ({
  transfers,
  firstByte() {},
  hear() {},
  learned: () => new Map(),
});

it("a fixed number is of all sources together", async () => {
  const lanes = openLanes(2);
  const { running, task, end } = tasks();
  await lanes.start("tim", task("one"));
  await lanes.start("ringcentral", task("two"));
  const third = lanes.start("tim", task("three"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one", "two"]);
  await end("one");
  await third;
  expect([...running.keys()]).toEqual(["two", "three"]);
  const ended = lanes.ended();
  await end("two");
  await end("three");
  await ended;
});

it("a number that is found by trying is each source's own, and holds from the next task on", async () => {
  let most = 1;
  const lanes = openLanes(adaptive((source) => (source === "tim" ? most : 1)));
  const { running, task, end } = tasks();
  await lanes.start("tim", task("one"));
  await lanes.start("ringcentral", task("two"));
  const third = lanes.start("tim", task("three"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one", "two"]);
  most = 3;
  await end("one");
  await third;
  await lanes.start("tim", task("four"));
  expect([...running.keys()]).toEqual(["two", "three", "four"]);
  const ended = lanes.ended();
  for (const name of ["two", "three", "four"]) await end(name);
  await ended;
});

it("a fixed number is shared by sources with lines of their own, and is the others' when one has no more", async () => {
  const lanes = openLanes(4, 2);
  const { running, task, end } = tasks();
  await lanes.start("ringcentral", task("one"));
  await lanes.start("ringcentral", task("two"));
  void lanes.start("ringcentral", task("three"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one", "two"]);
  await lanes.start("tim", task("four"));
  await lanes.start("tim", task("five"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one", "two", "four", "five"]);
  lanes.lineEnded();
  await end("four");
  await end("five");
  void lanes.start("ringcentral", task("six"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one", "two", "three", "six"]);
  const ended = lanes.ended();
  for (const name of ["one", "two", "three", "six"]) await end(name);
  await ended;
});

it("fewer at once than there are lines are taken in turn", async () => {
  const lanes = openLanes(1, 2);
  const { running, task, end } = tasks();
  void lanes.start("ringcentral", task("one"));
  void lanes.start("ringcentral", task("two"));
  void lanes.start("tim", task("three"));
  await new Promise(setImmediate);
  expect([...running.keys()]).toEqual(["one"]);
  await end("one");
  expect([...running.keys()]).toEqual(["three"]);
  await end("three");
  expect([...running.keys()]).toEqual(["two"]);
  lanes.lineEnded();
  const ended = lanes.ended();
  await end("two");
  await ended;
});
