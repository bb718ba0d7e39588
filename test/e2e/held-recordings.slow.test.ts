import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { runHere } from "../helpers/run-here.ts";
import { mp3 } from "../helpers/sound-bytes.ts";
import { eventsOf } from "./tim-world.ts";
import { type Answer, openRingCentralSystem, rcError, type System, says } from "./two-systems.ts";

const id = "401786811000";
const key = `ringcentral/${id}`;
const rows = (duration: number) =>
  `recordingId,start,duration,direction,from,to\n${id},2026-11-01T10:00:00Z,${duration},Inbound,+16505550100,+12055550101\n`;
const place = `ringcentral/2026/11/01/2026-11-01_10-00-00_inbound_+16505550100_+12055550101_${id}`;

/** The recording, lasting so long. */
const lasting =
  (seconds: number): Answer =>
  (_, response) => {
    const body = smallWav(id, seconds);
    response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length }).end(body);
  };

const asMp3: Answer = (_, response) => {
  const body = mp3(2000);
  response.writeHead(200, { "content-type": "audio/mpeg", "content-length": body.length }).end(body);
};

/** Announces a whole recording and breaks off. */
const breakingOff: Answer = (_, response) => {
  const body = smallWav(id, 3);
  response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length });
  response.write(body.subarray(0, body.length / 2), () => setTimeout(() => response.destroy(), 20));
};

async function download(system: System, audio: Answer, ...more: string[]) {
  system.audio = audio;
  system.asked.length = 0;
  const args = ["download", "-s", "ringcentral", "-d", system.archive, "-R", "0", "--json", "-o"];
  const template = "{source}/{year}/{month}/{day}/{date}_{time}_{direction}_{from}_{to}_{id}.{ext}";
  const { code, out, err } = await runHere([...args, template, ...more], {
    env: { ...system.env, CALLREEL_TIMEZONE: "UTC" },
  });
  return { code, err, asked: system.asked.length, events: eventsOf(out) };
}

const byRows = (system: System, duration: number) => ["--rows", system.file("rows.csv", rows(duration))];
const bytesOf = (system: System) => system.held().map((path) => readFileSync(join(system.archive, path)).length);
const sound = (seconds: number) => smallWav(id, seconds).length;
const verify = async ({ archive, env }: System) => (await runHere(["verify", "-d", archive], { env })).code;

async function known({ archive, env }: System) {
  const { out } = await runHere(["list", "--archive", "--json", "-d", archive], { env });
  return eventsOf(out);
}

describe("audio that is clearly shorter than its call", () => {
  const again: [string, Answer, number, number, number][] = [
    ["as long as before", lasting(10), 0, 10, 0],
    ["shorter", lasting(5), 0, 10, 0],
    ["as long as the call", lasting(60), 0, 60, 0],
    ["longer, but still short", lasting(12), 0, 12, 0],
    ["gone", rcError(404, "CMN-102", "recordingId"), 0, 10, 0],
    ["out of reach for a moment", says(503, "text/plain"), 3, 10, 1],
    ["a page of a gateway", says(404, "text/html", "<html>"), 3, 10, 1],
    ["cut off", breakingOff, 3, 10, 1],
  ];

  test.each(again)("is kept, told, and asked for once more: then it is %s", async (...given) => {
    const [, second, code, seconds, asksLater] = given;
    await using system = await openRingCentralSystem();
    const first = await download(system, lasting(10), ...byRows(system, 60));
    expect(first.code).toBe(0);
    expect(first.events).toContainEqual(
      expect.objectContaining({ event: "recording-done", note: "10 s of audio for a call of 60 s" }),
    );
    expect(await download(system, second, ...byRows(system, 60))).toMatchObject({ code, asked: 1 });
    expect([system.held(), bytesOf(system)]).toEqual([[`${place}.wav`], [sound(seconds)]]);
    expect(await verify(system)).toBe(0);
    expect(await download(system, lasting(seconds), ...byRows(system, 60))).toMatchObject({
      code: 0,
      asked: asksLater,
    });
    expect([bytesOf(system), await verify(system)]).toEqual([[sound(seconds)], 0]);
  });

  test("gives way to a longer one of another type, and only then", async () => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(10), ...byRows(system, 60));
    expect((await download(system, asMp3, ...byRows(system, 60))).code).toBe(0);
    expect([system.held(), await verify(system)]).toEqual([[`${place}.mp3`], 0]);
  });

  test.each([
    [["--short-by", "55s"], 0],
    [["--short-part", "90%"], 0],
    [["--short-by", "49s", "--short-part", "80%"], 1],
  ])("is what the tolerances %j make it", async (tolerance, asks) => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(10), ...byRows(system, 60), ...tolerance);
    expect((await download(system, lasting(10), ...byRows(system, 60), ...tolerance)).asked).toBe(asks);
  });

  test("is counted in status", async () => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(10), ...byRows(system, 60));
    const { out } = await runHere(["status", "-d", system.archive], { env: system.env });
    expect(out).toMatch(
      /1 recording is clearly shorter than its call \(for example ringcentral\/401786811000\); the next runs download it once/,
    );
  });
});

describe("a good file is never given up", () => {
  const unreplaced: [string, Answer, number][] = [
    ["is gone", rcError(404, "CMN-102", "recordingId"), 0],
    ["is forbidden", rcError(403, "CMN-408"), 0],
    ["is a gateway's page", says(404, "text/html", "<html>"), 3],
    ["is out of reach", says(503, "text/plain"), 3],
    ["is empty", says(200, "audio/wav"), 3],
    ["is a page", says(200, "text/html", "<html>"), 3],
    ["breaks off", breakingOff, 3],
  ];

  test.each(unreplaced)("when what is fetched again %s", async (_, answer, code) => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(3), ...byRows(system, 3));
    const before = (await known(system)).map(({ path, sha256 }) => ({ path, sha256 }));
    const second = await download(system, answer, ...byRows(system, 3), "--force-overwrites");
    expect([second.code, second.asked]).toEqual([code, 1]);
    expect(await known(system)).toEqual(before.map((entry) => expect.objectContaining({ ...entry, state: "done" })));
    expect([system.held(), bytesOf(system), await verify(system)]).toEqual([[`${place}.wav`], [sound(3)], 0]);
    expect(await download(system, answer, ...byRows(system, 3))).toMatchObject({ code: 0, asked: 0 });
  });

  test("when the program is killed while it is fetched again", async () => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(3), ...byRows(system, 3));
    let begun = false;
    system.audio = (_, response) => {
      const body = smallWav(id, 3);
      response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length });
      response.write(body.subarray(0, body.length - 10));
      begun = true;
    };
    const args = ["download", ...byRows(system, 3), "-d", system.archive, "--force-overwrites"];
    const killed = start(args, { env: system.env });
    await until(() => begun, "the request");
    killed.child.kill("SIGKILL");
    await killed.finished;
    expect(await known(system)).toEqual([expect.objectContaining({ key, state: "done", path: `${place}.wav` })]);
    expect([bytesOf(system), await verify(system)]).toEqual([[sound(3)], 0]);
  });

  test("when it is repaired by its id: in its own place, with what is known of its call", async () => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(3), ...byRows(system, 3), "--write-info-json");
    writeFileSync(join(system.archive, `${place}.wav`), "damaged");
    expect(await verify(system)).toBe(6);
    const inVain = await download(system, rcError(404, "CMN-102", "recordingId"), id, "--force-overwrites");
    expect([inVain.code, inVain.asked]).toEqual([4, 1]);
    expect((await download(system, lasting(3), id, "--force-overwrites", "--write-info-json")).code).toBe(0);
    expect(system.held()).toEqual([`${place}.info.json`, `${place}.wav`]);
    expect([await verify(system), readdirSync(join(system.archive, "ringcentral"))]).toEqual([0, ["2026"]]);
    const sidecar = JSON.parse(readFileSync(join(system.archive, `${place}.info.json`), "utf8")) as { call: object };
    expect(sidecar.call).toMatchObject({ start: "2026-11-01T10:00:00Z", from: "+16505550100" });
  });

  test("a file that is lost is fetched into its place, and stays wanted while it cannot be", async () => {
    await using system = await openRingCentralSystem();
    await download(system, lasting(3), ...byRows(system, 3));
    rmSync(join(system.archive, `${place}.wav`));
    expect((await download(system, rcError(404, "CMN-102", "recordingId"), ...byRows(system, 3))).code).toBe(3);
    expect(await verify(system)).toBe(6);
    expect((await download(system, lasting(3), id)).code).toBe(0);
    expect([system.held(), await verify(system)]).toEqual([[`${place}.wav`], 0]);
  });
});
