import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Source } from "../../src/core/model/ports.ts";
import type { Player } from "../../src/player/server.ts";
import { callRef, plainSource, serveCalls, smallWav } from "../helpers/calls-server.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let player: Player;
let calls: Awaited<ReturnType<typeof serveCalls>>;
let browser: Browser;

beforeAll(async () => {
  played = await openPlayedArchive();
  calls = await serveCalls();
  const source: Source = plainSource(calls, {
    named: (path) => (path.startsWith("/r/tim/1/2/") ? callRef(path.slice("/r/tim/1/2/".length)) : undefined),
  });
  const session = "s-1";
  for (let at = 0; at < 12; at += 1) {
    const start = `2026-11-${String(at + 1).padStart(2, "0")}T10:00:00.000Z`;
    const call = { start, from: `+4420718387${10 + at}`, to: "101", direction: "inbound" as const, extension: "101" };
    const named = at === 3 ? { name: "<img src=x onerror=alert(1)>" } : { name: `Caller ${at}` };
    const leg = at > 9 ? { session } : {};
    await played.keep("ringcentral", String(4000 + at), { ...call, ...named, ...leg }, smallWav(`call ${at}`, 30));
  }
  player = await played.open({ missing: await played.missing(source) });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await played?.[Symbol.asyncDispose]();
  await calls?.[Symbol.asyncDispose]();
});

async function visit(width?: number, entrance = player.entrance) {
  const visited = await visitPage(browser, entrance, width);
  await visited.page.locator(".call").first().waitFor();
  return visited;
}

const time = "document.getElementById('audio').currentTime";
const paused = "document.getElementById('audio').paused";

test("the key leads in and is gone from the address; the list shows what calls say as text", async () => {
  const { page, complaints, hosts, context } = await visit();
  expect(page.url()).toBe(`${player.address}/`);
  expect(await page.locator(".call").count()).toBe(12);
  expect(await page.locator(".call").first().innerText()).toContain("+442071838721");
  expect(await page.getByText("<img src=x onerror=alert(1)>").count()).toBe(1);
  expect(await page.locator("#recordings img").count()).toBe(0);
  expect(await page.locator(".legs .call").count()).toBe(1);
  expect([...hosts]).toEqual([new URL(player.address).host]);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a recording that was searched for plays, seeks to its middle and has the right duration", async () => {
  const { page, complaints, context } = await visit();
  await page.getByRole("searchbox").fill("020 7183 8715".replace(/^0/, "44"));
  await expect.poll(() => page.locator(".call").count()).toBe(1);
  await page.locator(".call").click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(0.2);
  expect(await page.evaluate("document.getElementById('audio').duration")).toBeCloseTo(30, 1);
  expect(await page.locator("#total").innerText()).toBe("0:30");
  await page.evaluate(
    "audio.addEventListener('seeking', () => { globalThis.sought = audio.currentTime; }, { once: true })",
  );
  const wave = (await page.locator("#seek").boundingBox())!;
  await page.mouse.click(wave.x + wave.width / 2, wave.y + wave.height / 2);
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(15);
  expect(await page.evaluate("sought")).toBeCloseTo(15, 0);
  expect(complaints).toEqual([]);
  await context.close();
});

test("everything works with the keyboard alone", async () => {
  const { page, complaints, context } = await visit();
  await page.keyboard.press("/");
  await page.keyboard.type("Caller 5");
  await expect.poll(() => page.locator(".call").count()).toBe(1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => page.evaluate("document.getElementById('audio').readyState")).toBeGreaterThan(0);
  expect(await page.evaluate(paused)).toBe(true);
  await page.keyboard.press("k");
  await expect.poll(() => page.evaluate(paused)).toBe(false);
  await page.keyboard.press("l");
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(9.9);
  await page.keyboard.press("Space");
  await expect.poll(() => page.evaluate(paused)).toBe(true);
  const before = Number(await page.evaluate(time));
  await page.keyboard.press("ArrowLeft");
  expect(Number(await page.evaluate(time))).toBeCloseTo(before - 5, 0);
  await page.keyboard.press("j");
  expect(Number(await page.evaluate(time))).toBeCloseTo(Math.max(0, before - 15), 0);
  expect(complaints).toEqual([]);
  await context.close();
});

test("a recording that the archive does not hold plays by its permanent link, and is there afterwards", async () => {
  const { page, complaints, context } = await visit();
  await page.getByRole("searchbox").fill(`${player.address}/r/tim/1/2/fresh`);
  await expect.poll(() => page.locator(".call").count()).toBe(1);
  await page.locator(".call").click();
  await expect.poll(() => page.evaluate("document.getElementById('audio').duration")).toBeCloseTo(0.25, 2);
  expect(calls.requests.get("fresh")).toBe(1);
  expect((await played.ledger.entry("tim/1/2/fresh"))?.state).toBe("done");
  expect(complaints).toEqual([]);
  await context.close();
});

test("recordings that the archive only knows of are shown when asked for, and lose their mark when they have come", async () => {
  await played.want(callRef("known", "2026-12-01T08:00:00"));
  const { page, complaints, context } = await visit();
  const call = page.locator('.call[data-key="tim/1/2/known"]');
  expect(await call.count()).toBe(0);
  await page.getByLabel("Show").selectOption("All known");
  await call.waitFor();
  expect(await call.innerText()).toContain("not fetched");
  await call.click();
  await expect.poll(() => page.evaluate("document.getElementById('audio').duration")).toBeCloseTo(0.25, 2);
  await expect.poll(() => call.innerText()).not.toContain("not fetched");
  expect(complaints).toEqual([]);
  await context.close();
});

test.each([320, 768, 1440])("nothing sticks out of a window %i pixels wide", async (width) => {
  const { page, context } = await visit(width);
  await page.locator(".call").nth(2).click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(0);
  await page.keyboard.press("k");
  await page.evaluate("audio.currentTime = 12");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  await context.close();
});

test("a page of the same site embeds a recording for whoever is logged in; one of another site gets nothing", async () => {
  const audio = `<audio controls preload="auto" src="${player.address}/r/ringcentral/4001"></audio>`;
  const crm = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>CRM</title>${audio}`);
  });
  await new Promise<void>((resolve) => crm.listen(0, "127.0.0.1", resolve));
  const { port } = crm.address() as AddressInfo;
  const { page, context } = await visit();
  const state = "document.querySelector('audio').readyState";
  try {
    await page.goto(`http://127.0.0.1:${port}/`);
    await expect.poll(() => page.evaluate(state)).toBe(4);
    expect(await page.evaluate("document.querySelector('audio').duration")).toBeCloseTo(30, 1);
    // To a browser, localhost is another site than 127.0.0.1.
    await page.goto(`http://localhost:${port}/`);
    await expect.poll(() => page.evaluate("document.querySelector('audio').error?.code")).toBe(4);
    expect(await page.evaluate(state)).toBe(0);
  } finally {
    await context.close();
    crm.close();
    crm.closeAllConnections();
  }
});
