import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openDestination } from "../../src/destinations/index.ts";
import type { Growing } from "../../src/player/streaming/growing-recording.ts";
import { openTee } from "../../src/player/streaming/tee.ts";
import { expectation, feed, forever, ok, put, testDestination } from "../contracts/destination.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

async function openWorld(spool = "spool") {
  const folder = openTempFolder();
  const archive = join(folder.path, "archive");
  mkdirSync(join(folder.path, "spool"));
  const disk = await openDestination(archive, {});
  const tee = openTee(disk, join(folder.path, spool));
  const follower = tee.follow("ringcentral/1");
  return {
    folder,
    follower,
    destination: { ...disk, open: tee.open },
    read: ({ path }: { path: string }) => readFileSync(join(archive, path)),
    visible: () => Buffer.concat(folder.files().map((name) => readFileSync(join(folder.path, name)))),
    async [Symbol.asyncDispose]() {
      follower.end(undefined);
      await tee[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

testDestination("disk that is listened to", openWorld);

const path = "a/b_1.{ext}";
const body = wav({ seconds: 30 });

async function allOf(growing: Growing, most = 10_000): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; ; at += pieces.at(-1)!.length) {
    const piece = await growing.read(at, most, forever);
    if (piece.length === 0) return Buffer.concat(pieces);
    pieces.push(piece);
  }
}

test("what comes in drips can be heard at once, all but the last byte, and that when the archive has it", async () => {
  await using world = await openWorld();
  const incoming = await world.destination.open(path, expectation("1"), forever);
  await feed(incoming, ok(body), body.subarray(0, 2000), 7);
  const growing = await world.follower.audible(forever);
  expect([growing.contentType, growing.total, growing.name]).toEqual(["audio/wav", body.length, "b_1.wav"]);
  using _held = growing.hold();
  expect((await growing.read(1900, 500, forever)).equals(body.subarray(1900, 2000))).toBe(true);
  await incoming.chunk(Buffer.from(body.subarray(2000)));
  await expect.poll(async () => (await growing.read(body.length - 100, 500, forever)).length).toBe(99);
  const { sha256 } = await (await incoming.finish()).settled;
  await expect(growing.read(body.length - 1, 1, AbortSignal.timeout(30))).rejects.toThrow();
  world.follower.end(sha256);
  expect((await allOf(growing)).equals(body)).toBe(true);
});

test("what the archive has in the end must be what was given out", async () => {
  await using world = await openWorld();
  const incoming = await world.destination.open(path, expectation("1"), forever);
  await feed(incoming, ok(body), body);
  const growing = await world.follower.audible(forever);
  using _held = growing.hold();
  const { settled } = await incoming.finish();
  await settled;
  world.follower.end("another hash");
  await expect(growing.read(0, 1, forever)).rejects.toBeInstanceOf(RecordingError);
});

test("listeners hold what they hear after its end, and nobody begins with it then", async () => {
  await using world = await openWorld();
  const stored = put(world.destination, path, expectation("1"), ok(body), body);
  const growing = await world.follower.audible(forever);
  const held = growing.hold();
  world.follower.end((await stored).sha256);
  expect((await allOf(growing)).equals(body)).toBe(true);
  expect(readdirSync(join(world.folder.path, "spool"))).toEqual([]);
  held?.[Symbol.dispose]();
  expect(growing.hold()).toBeUndefined();
});

test("a disk that has no room for listeners has room for the recording", async () => {
  await using world = await openWorld("missing");
  const stored = await put(world.destination, path, expectation("1"), ok(body), body);
  expect(world.read(stored).equals(body)).toBe(true);
  await expect(world.follower.audible(AbortSignal.timeout(30))).rejects.toThrow();
});
