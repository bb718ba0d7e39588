import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { expectation, feed, forever, ok, put } from "../contracts/destination.ts";
import { startModule } from "../helpers/module-child.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

/** A child that takes half of the sound in argv[2], and the rest once it is let; it never gives up by itself. */
const slowWriter = `
const [root, sound, more] = process.argv.slice(1);
const { openDisk } = await built("destinations/disk/disk.js");
const { readFileSync } = await import("node:fs");
const bytes = readFileSync(sound);
const destination = await openDisk(root);
const expect = { key: "ringcentral/1", resume: true, overwrite: false, sidecar: { by: "slow" }, ...JSON.parse(more) };
const incoming = await destination.open("a/b_1.{ext}", expect, new AbortController().signal);
incoming.head({ status: 200, headers: { "content-length": String(bytes.length) } });
const step = 100000;
for (let at = 0; at < bytes.length; at += step) {
  await incoming.chunk(Buffer.from(bytes.subarray(at, at + step)));
  if (at < bytes.length / 2 && at + step >= bytes.length / 2) {
    console.log("half");
    await new Promise((resolve) => process.stdin.once("data", resolve));
  }
}
try {
  await (await incoming.finish()).settled;
  console.log("stored");
} catch (error) {
  await incoming.abandon(error).catch(() => {});
  console.log(error.code);
}
process.exit();
`;

const sound = wav({ seconds: 120, seed: 1 });
const other = wav({ seconds: 120, seed: 2 });

test.each([
  ["anew", other, { resume: false, overwrite: false }],
  ["where it stopped", sound, { resume: true, overwrite: false }],
  ["over the file that stands", other, { resume: false, overwrite: true }],
])("a writer stopped for long damages nothing of who took its recording over %s", async (_how, bytes, more) => {
  using folder = openTempFolder();
  await using destination = await openDisk(folder.path);
  if (more.overwrite) {
    const old = wav({ seed: 3 });
    await put(destination, "a/b_1.{ext}", expectation("1"), ok(old), old);
  }
  const file = join(folder.path, ".callreel/sound");
  writeFileSync(file, sound);
  const slow = startModule(slowWriter, [folder.path, file, JSON.stringify(more)]);
  expect(await slow.line()).toBe("half");
  slow.process.kill("SIGSTOP");

  const incoming = await destination.open(
    "a/b_1.{ext}",
    expectation("1", { ...more, sidecar: { by: "quick" } }),
    forever,
  );
  const first = Number(/\d+/.exec(incoming.rangeHeaders.range ?? "0")?.[0]);
  expect(first > 0).toBe(more.resume);
  const range = { "content-range": `bytes ${first}-${bytes.length - 1}/${bytes.length}` };
  await feed(incoming, first > 0 ? { status: 206, headers: range } : ok(bytes), bytes.subarray(first));
  const stored = await (await incoming.finish()).settled;
  const held = () => {
    expect(readFileSync(join(folder.path, stored.path)).equals(bytes)).toBe(true);
    expect(JSON.parse(readFileSync(join(folder.path, "a/b_1.info.json"), "utf8"))).toMatchObject({
      by: "quick",
      file: { sha256: stored.sha256 },
    });
  };
  held();
  slow.process.kill("SIGCONT");
  slow.process.stdin?.write("go on\n");
  expect(await slow.line()).toBe("lost-claim");
  await slow.ended();
  held();
  expect(readdirSync(join(folder.path, ".callreel/partial"))).toEqual([]);
});

test("a writer stopped between two others' attempts leaves the running one's part alone", async () => {
  using folder = openTempFolder();
  await using destination = await openDisk(folder.path);
  const file = join(folder.path, ".callreel/sound");
  writeFileSync(file, sound);
  const slow = startModule(slowWriter, [folder.path, file, "{}"]);
  expect(await slow.line()).toBe("half");
  const incoming = await destination.open("a/b_1.{ext}", expectation("1", { resume: false }), forever);
  await feed(incoming, ok(other), other);
  slow.process.stdin?.write("go on\n");
  expect(await slow.line()).toBe("lost-claim");
  const stored = await (await incoming.finish()).settled;
  expect(readFileSync(join(folder.path, stored.path)).equals(other)).toBe(true);
});

/** Opens the disk, as if it held the lock, and brings a recording of a call 40 days ago; again and again. */
const oldCalls = `
const [root, sound, rounds, name] = process.argv.slice(1);
const { openDisk } = await built("destinations/disk/disk.js");
const { readFileSync } = await import("node:fs");
const bytes = readFileSync(sound);
const signal = new AbortController().signal;
const mtimeMs = Date.now() - 40 * 24 * 3600 * 1000;
for (let at = 0; at < Number(rounds); at += 1) {
  const destination = await openDisk(root, { tidy: true });
  const expect = { key: "ringcentral/" + name + at, resume: true, overwrite: false, mtimeMs };
  const incoming = await destination.open("a/x_" + name + at + ".{ext}", expect, signal);
  incoming.head({ status: 200, headers: { etag: '"1"', "content-length": String(bytes.length) } });
  await incoming.chunk(Buffer.from(bytes));
  await (await incoming.finish()).settled;
  await destination[Symbol.asyncDispose]();
}
console.log("finished");
`;

test("two processes that open one disk at once, 200 times, with parts of calls 40 days old, lose nothing", async () => {
  using folder = openTempFolder();
  await using _made = await openDisk(folder.path);
  const file = join(folder.path, ".callreel/sound");
  const short = wav({ seconds: 2 });
  writeFileSync(file, short);
  const both = ["1", "2"].map((name) => startModule(oldCalls, [folder.path, file, "200", name]));
  for (const child of both) expect(await child.line()).toBe("finished");
  const names = readdirSync(join(folder.path, "a"));
  expect(names.length).toBe(400);
  for (const name of names) {
    expect(readFileSync(join(folder.path, "a", name)).equals(short)).toBe(true);
    expect(statSync(join(folder.path, "a", name)).mtimeMs).toBeLessThan(Date.now() - 39 * 24 * 3600 * 1000);
  }
});
