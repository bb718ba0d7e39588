import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Player } from "../../src/player/server.ts";
import { callRef, plainSource } from "../helpers/calls-server.ts";
import { type HeldServer, serveHeld } from "../helpers/held-server.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let folder: string;
let played: PlayedArchive;
let server: HeldServer;
let player: Player;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "callreel-sound-"));
  played = await openPlayedArchive();
  server = await serveHeld();
  const named = (path: string) =>
    path.startsWith("/r/tim/1/2/") ? callRef(path.slice("/r/tim/1/2/".length)) : undefined;
  player = await played.open({ missing: await played.missing(plainSource(server, { named })) });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  await played?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Half a minute of silence, then half a minute of sound, in both channels. */
function sound(name: string): Buffer {
  const file = join(folder, name);
  const wave = `${file}.wav`;
  const made = ["-n", "-r", "16000", "-c", "2", "-b", "16", wave, "synth", "30", "sine", "440", "vol", "0.5"];
  execFileSync("sox", [...made, "pad", "30"], { stdio: "ignore" });
  if (name.endsWith(".mp3")) execFileSync("ffmpeg", ["-loglevel", "error", "-i", wave, "-b:a", "32k", file]);
  return readFileSync(name.endsWith(".mp3") ? file : wave);
}

const number = (page: Page, expression: string) => page.evaluate<number>(expression);

/** How much of the waveform is painted high above its middle, left and right. */
function painted(page: Page): Promise<{ left: number; right: number }> {
  return page.evaluate(`(() => {
    const { width, height } = $("wave");
    const row = $("wave").getContext("2d").getImageData(0, Math.round(height / 6), width, 1).data;
    const opaque = (from, to) => {
      let count = 0;
      for (let at = from; at < to; at += 1) count += row[4 * at + 3] > 0 ? 1 : 0;
      return count / (to - from);
    };
    return { left: opaque(4, Math.floor(width / 2) - 4), right: opaque(Math.ceil(width / 2) + 4, width - 4) };
  })()`);
}

test.each([
  ["call.wav", "audio/wav", 1],
  ["call.mp3", "audio/mpeg", 2],
] as const)("%s plays, seeks and has its length while it is fetched; its waveform follows", async (name, type, nth) => {
  const body = sound(name);
  const { page, complaints, context } = await visitPage(browser, player.entrance);
  await page.getByRole("searchbox").fill(`${player.address}/r/tim/1/2/${name}`);
  await page.locator(`.call[data-key="tim/1/2/${name}"]`).click();
  const held = await server.request(nth, body, { headers: { "content-type": type } });
  await held.upTo(Math.round(body.length * 0.6));
  await expect.poll(() => number(page, "audio.currentTime")).toBeGreaterThan(0.3);
  expect(await number(page, "audio.duration")).toBeCloseTo(60, 0);
  await page.evaluate("audio.currentTime = 25");
  await held.upTo(Math.round(body.length * 0.61));
  await expect.poll(() => number(page, "audio.currentTime")).toBeGreaterThan(25.2);
  await page.evaluate("audio.currentTime = 50");
  await held.upTo(Math.round(body.length * 0.62));
  expect(await number(page, "audio.currentTime")).toBe(50);
  expect((await played.ledger.entry(`tim/1/2/${name}`))?.state).not.toBe("done");
  expect((await painted(page)).right).toBeLessThan(0.05);
  await held.rest();
  await expect.poll(() => number(page, "audio.currentTime")).toBeGreaterThan(50.2);
  expect((await played.ledger.entry(`tim/1/2/${name}`))?.state).toBe("done");
  await expect.poll(async () => (await painted(page)).right).toBeGreaterThan(0.5);
  expect((await painted(page)).left).toBeLessThan(0.05);
  expect(server.requests.get(name)).toBe(1);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a recording that breaks off is told as such", async () => {
  const name = "broken.wav";
  const body = sound(name);
  const { page, context } = await visitPage(browser, player.entrance);
  await page.getByRole("searchbox").fill(`${player.address}/r/tim/1/2/${name}`);
  await page.locator(`.call[data-key="tim/1/2/${name}"]`).click();
  const held = await server.request(3, body);
  await held.upTo(Math.round(body.length * 0.3));
  await expect.poll(() => number(page, "audio.currentTime")).toBeGreaterThan(0.3);
  await server[Symbol.asyncDispose]();
  await page.evaluate("audio.currentTime = 55");
  await expect.poll(() => page.locator("#message").innerText()).toMatch(/broke off/);
  await context.close();
});
