import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Player } from "../../src/player/server.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { ask, openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let player: Player;
let browser: Browser;

const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>";

beforeAll(async () => {
  played = await openPlayedArchive();
  for (const id of ["501", "502", "503"]) {
    const call = { start: `2026-11-0${id.at(-1)}T10:00:00.000Z`, from: "+442071838710", direction: "inbound" as const };
    await played.keep("ringcentral", id, call, smallWav(id, 30));
  }
  const transcript = { path: "ringcentral/501.vtt", bytes: 1, sha256: "0".repeat(64) };
  const lines = [
    { at: 1, to: 4, speaker: "Ann Lee", text: "Good morning" },
    { at: 12, to: 15, text: "about the Rückerstattung of the" },
    { at: 14, to: 20, text: "walnut desk" },
    { at: 22, text: hostile },
    { text: "without a time" },
  ];
  await played.ledger.noteTranscripts("ringcentral/501", [transcript], { lines });
  await played.ledger.noteTranscripts("ringcentral/502", [transcript], { lines: [{ text: "the walnut table" }] });
  player = await played.open();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await played?.[Symbol.asyncDispose]();
});

const time = "document.getElementById('audio').currentTime";

test("search finds a spoken word, and a click on it plays from there", async () => {
  const { page, complaints, context } = await visitPage(browser, player.entrance);
  await page.getByRole("searchbox").fill("ruckerstattung of the walnut");
  await expect.poll(() => page.locator(".call").count()).toBe(1);
  const said = page.locator(".line > .said");
  expect(await said.innerText()).toBe("0:12 about the Rückerstattung of the");
  await said.click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(12.1);
  expect(await page.evaluate(time)).toBeLessThan(20);
  await page.getByRole("searchbox").fill("walnut");
  await expect
    .poll(() => page.locator(".line > .said").allInnerTexts())
    .toEqual(["the walnut table", "0:14 walnut desk"]);
  expect(await page.locator(".line > .said mark").allInnerTexts()).toEqual(["walnut", "walnut"]);
  expect(complaints).toEqual([]);
  await context.close();
});

test("the transcript shows who said what as text, follows the recording, and a click on a line seeks", async () => {
  const { page, complaints, context } = await visitPage(browser, player.entrance);
  await page.locator(".call").nth(2).click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(0);
  await page.keyboard.press("t");
  const lines = page.locator("#transcript .said");
  await expect
    .poll(() => lines.allInnerTexts())
    .toEqual([
      "0:01 Ann Lee: Good morning",
      "0:12 about the Rückerstattung of the",
      "0:14 walnut desk",
      `0:22 ${hostile}`,
      "without a time",
    ]);
  expect(await page.locator("#transcript :is(img, script)").count()).toBe(0);
  await page.getByRole("button", { name: /0:22/ }).click();
  await expect.poll(() => page.evaluate(time)).toBeGreaterThan(22);
  expect(await page.locator("#transcript [aria-current]").innerText()).toContain("0:22");
  await page.locator(".call").first().click();
  await expect
    .poll(() =>
      page
        .locator("#transcript, #words")
        .evaluateAll((all) => all.map((each) => (each as unknown as { hidden: boolean }).hidden)),
    )
    .toEqual([true, true]);
  expect(complaints).toEqual([]);
  await context.close();
});

test("who reads a transcript stands in the audit log; of what has none there is 404", async () => {
  const { entrance, address } = player;
  const { search } = new URL(entrance);
  const entered = await ask(address, `/${search}`);
  const headers = { cookie: String(entered.headers["set-cookie"]).split(";")[0] as string };
  const found = await ask(address, "/api/transcript/ringcentral/502", { headers });
  expect([found.status, JSON.parse(found.body.toString())]).toEqual([200, { lines: [{ text: "the walnut table" }] }]);
  expect((await ask(address, "/api/transcript/ringcentral/503", { headers })).status).toBe(404);
  expect((await ask(address, "/api/transcript/ringcentral/502")).status).toBe(401);
  expect((await played.ledger.auditsOf("ringcentral/502")).map(({ detail }) => detail)).toContainEqual(
    expect.stringMatching(/^read by /),
  );
});
