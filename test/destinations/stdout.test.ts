import { createWriteStream } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openDestination } from "../../src/destinations/index.ts";
import { openStdout } from "../../src/destinations/stdout.ts";
import { expectation, feed, forever, ok, put, testDestination } from "../contracts/destination.ts";
import { startModule } from "../helpers/module-child.ts";
import { wav } from "../helpers/sound-bytes.ts";

/** A stream that keeps what it gets, in pieces as they came. */
function collector() {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece, _encoding, done) {
      pieces.push(piece);
      setImmediate(done);
    },
  });
  return { stream, bytes: () => Buffer.concat(pieces) };
}

testDestination("stdout", async () => {
  const { stream, bytes } = collector();
  const destination = openStdout(stream);
  return {
    destination,
    read: () => bytes(),
    visible: bytes,
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  };
});

const body = wav({ seconds: 20 });
const broke = new RecordingError("reset", "The connection broke.");

test("bytes go out as they arrive, and none before they are known to be audio", async () => {
  const { stream, bytes } = collector();
  await using destination = await openDestination("-", { stdout: stream });
  const incoming = await destination.open("x", expectation("1"), forever);
  expect(incoming.rangeHeaders).toEqual({});
  incoming.head(ok(body));
  await incoming.chunk(body.subarray(0, 20));
  await new Promise(setImmediate);
  expect(bytes().length).toBe(0);
  await incoming.chunk(body.subarray(20, 5000));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(bytes().equals(body.subarray(0, 5000))).toBe(true);
  await incoming.chunk(body.subarray(5000));
  expect(await (await incoming.finish()).settled).toMatchObject({ path: "-", bytes: body.length, audioSeconds: 20 });
});

test("a second attempt goes on after what is already out", async () => {
  const { stream, bytes } = collector();
  await using destination = openStdout(stream);
  for (const cut of [100, 50_000]) {
    const broken = await destination.open("x", expectation("1"), forever);
    await feed(broken, ok(body), body.subarray(0, cut), 999);
    await broken.abandon(broke);
  }
  await put(destination, "x", expectation("1"), ok(body), body, 4097);
  expect(bytes().equals(body)).toBe(true);
});

test("a second attempt that begins otherwise, or is shorter, is refused for good", async () => {
  for (const other of [wav({ seconds: 20, seed: 5 }), body.subarray(0, 1000)]) {
    const { stream, bytes } = collector();
    await using destination = openStdout(stream);
    const broken = await destination.open("x", expectation("1"), forever);
    await feed(broken, ok(body), body.subarray(0, 50_000));
    await broken.abandon(broke);
    const head = { status: 200, headers: {} };
    const shorter = other.length < 2000 ? wav({ dataSize: 0 }).subarray(0, 1000) : other;
    await expect(put(destination, "x", expectation("1"), head, shorter)).rejects.toMatchObject({
      code: "changed",
      verdict: "give-up",
    });
    // The stream hands on what it took in its own time.
    await expect.poll(() => bytes().equals(body.subarray(0, 50_000))).toBe(true);
  }
});

test("another recording after the first is refused", async () => {
  const { stream } = collector();
  await using destination = openStdout(stream);
  await put(destination, "x", expectation("1"), ok(body), body);
  await expect(destination.open("y", expectation("2"), forever)).rejects.toMatchObject({ code: "usage" });
});

test("a slow reader pauses the connection", async () => {
  const pipe = new PassThrough({ highWaterMark: 1000 });
  await using destination = openStdout(pipe);
  const incoming = await destination.open("x", expectation("1"), forever);
  incoming.head(ok(body));
  const pause = incoming.chunk(body.subarray(0, 50_000));
  expect(pause).toBeInstanceOf(Promise);
  let resumed = false;
  void Promise.resolve(pause).then(() => {
    resumed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(resumed).toBe(false);
  pipe.resume();
  await pause;
  await incoming.abandon(broke);
});

test("a reader that goes away while we wait for it is reader-gone", async () => {
  const pipe = new PassThrough({ highWaterMark: 1000 });
  await using destination = openStdout(pipe);
  const incoming = await destination.open("x", expectation("1"), forever);
  incoming.head(ok(body));
  const pause = incoming.chunk(body.subarray(0, 50_000));
  pipe.destroy();
  await expect(pause).rejects.toMatchObject({ code: "reader-gone", verdict: "stop" });
});

test("a pipe whose reader ends early is reader-gone", async () => {
  const child = startModule(
    `
    const { openStdout } = await built("destinations/stdout.js");
    const destination = openStdout(process.stdout);
    const head = Buffer.from(process.argv[1], "base64");
    const incoming = await destination.open("x", { key: "ringcentral/1" }, new AbortController().signal);
    incoming.head({ status: 200, headers: {} });
    try {
      await incoming.chunk(head);
      for (let count = 0; count < 2000; count += 1) await incoming.chunk(Buffer.alloc(65536, 10));
    } catch (error) {
      await destination.open("x", { key: "ringcentral/1" }).catch((again) => console.error(error.code, again.code));
    }
  `,
    [wav().toString("base64")],
  );
  let said = "";
  child.process.stderr?.on("data", (text) => {
    said += text;
  });
  child.process.stdout?.once("data", () => child.process.stdout?.destroy());
  child.process.stdout?.resume();
  expect(await child.ended()).toBe(0);
  expect(said.trim()).toBe("reader-gone reader-gone");
});

test("a full disk behind the redirection is disk-full", async () => {
  const stream = createWriteStream("/dev/full");
  await using destination = openStdout(stream);
  await expect(put(destination, "x", expectation("1"), ok(body), body)).rejects.toMatchObject({ code: "disk-full" });
});

test("any other failure of the stream is told with its name", async () => {
  const stream = new Writable({
    write: (_piece, _encoding, done) => done(Object.assign(new Error("x"), { code: "EIO" })),
  });
  await using destination = openStdout(stream);
  await expect(put(destination, "x", expectation("1"), ok(body), body)).rejects.toMatchObject({
    code: "disk-io",
    message: expect.stringContaining("EIO"),
  });
  const nameless = new Writable({ write: (_piece, _encoding, done) => done(new Error("x")) });
  await using other = openStdout(nameless);
  await expect(put(other, "x", expectation("1"), ok(body), body)).rejects.toMatchObject({ code: "disk-io" });
});
