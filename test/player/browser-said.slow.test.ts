import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyOf, openVoicemailWorld } from "../e2e/voicemail-world.ts";
import { type Running, start, until } from "../helpers/bin.ts";
import { launchChromium, visitPage } from "./chromium.ts";

let world: Awaited<ReturnType<typeof openVoicemailWorld>>;
let serving: Running;
let browser: Browser;

beforeAll(async () => {
  const data = { recordings: 2, days: 2, layout: "plain" as const, seconds: [24, 30] as const, extensions: 3 };
  world = await openVoicemailWorld({ data, voicemails: 3 });
  const kinds = ["--kinds", "calls,voicemail", "--insights"];
  const { code } = await world.callreel("download", "-s", "ringcentral", "--from", "30d", ...kinds);
  expect(code).toBe(0);
  serving = start(["serve", "-d", world.archive, "--port", "0"], { env: world.env });
  await until(() => serving.out().includes("\n"), "the player");
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  serving?.child.kill("SIGTERM");
  await serving?.finished;
  await world?.[Symbol.asyncDispose]();
});

const time = "document.getElementById('audio').currentTime";
const playing = "document.getElementById('audio').src";

test("a word said in a call is found, and a click on it plays that call from there; so is one of a voicemail's text", async () => {
  const { page, complaints, context } = await visitPage(browser, serving.out().split("\n")[0] as string);
  const said = page.locator(".line > .said");
  await page.getByRole("searchbox").fill("FERRY ticket");
  await expect.poll(() => said.count()).toBe(2);
  const words = await said.first().innerText();
  expect(words).toMatch(/^0:0[67] Speaker 2: I would like to move my ferry ticket/);
  await said.first().click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(Number(words.slice(2, 4)) + 0.1);
  expect(await page.evaluate(time)).toBeLessThan(20);
  expect(await page.evaluate(playing)).toMatch(/\/r\/ringcentral\/\d+/);

  const message = world.rc.voicemail.all().find(({ text }) => text.includes("invoice"));
  await page.getByRole("searchbox").fill("about the invoice");
  await expect.poll(() => said.allInnerTexts()).toEqual([message?.text]);
  await said.first().click();
  await expect.poll(() => page.evaluate(playing)).toContain(keyOf(message as { id: number }));
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(0.1);
  expect(complaints).toEqual([]);
  await context.close();
});
