import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { openKeyedMutex, orAborted } from "../../src/platform/mutex.ts";

const never = new AbortController().signal;

test("one caller at a time is let in under a name, in the order of their coming; other names do not wait", async () => {
  const mutex = openKeyedMutex();
  const seen: string[] = [];
  const first = await mutex("a", never);
  const rest = ["second", "third"].map(async (name) => {
    const release = await mutex("a", never);
    seen.push(name);
    await setImmediate();
    seen.push(`${name} leaves`);
    release();
  });
  (await mutex("b", never))();
  await setImmediate();
  expect(seen).toEqual([]);
  first();
  first();
  await Promise.all(rest);
  expect(seen).toEqual(["second", "second leaves", "third", "third leaves"]);
});

test("who gives up waiting lets nobody in before the turn of those ahead, and holds up nobody behind", async () => {
  const mutex = openKeyedMutex();
  const release = await mutex("a", never);
  const leaving = new AbortController();
  const left = mutex("a", leaving.signal);
  let isIn = false;
  const last = mutex("a", never).then((leave) => {
    isIn = true;
    leave();
  });
  leaving.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  await setImmediate();
  expect(isIn).toBe(false);
  release();
  await last;
  expect(isIn).toBe(true);
});

test("shared work goes on when one of those who wait leaves", async () => {
  const leaving = new AbortController();
  let end = (_: string) => {};
  const work = new Promise<string>((resolve) => {
    end = resolve;
  });
  const [gone, stays] = [orAborted(work, leaving.signal), orAborted(work, never)];
  leaving.abort(new Error("left"));
  await expect(gone).rejects.toThrow("left");
  end("done");
  expect(await stays).toBe("done");
  await expect(orAborted(work, leaving.signal)).rejects.toThrow("left");
});
