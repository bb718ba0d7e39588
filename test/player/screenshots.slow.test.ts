import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Player } from "../../src/player/server.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { keepOffice, today } from "./listened-archive.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

/*
 * Pictures of the player, to be looked at: `CALLREEL_SCREENSHOTS=test/player/reference npx vitest run
 * --config test/vitest.config.ts test/player/screenshots` takes the reference anew.
 */
const kept = process.env.CALLREEL_SCREENSHOTS;

let folder: string;
let played: PlayedArchive;
let player: Player;
let browser: Browser;

beforeAll(async () => {
  folder = kept ?? mkdtempSync(join(tmpdir(), "callreel-pictures-"));
  mkdirSync(folder, { recursive: true });
  played = await openPlayedArchive();
  await keepOffice(played);
  player = await played.open();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await played?.[Symbol.asyncDispose]();
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
});

const sizes = [
  [320, 568],
  [768, 1024],
  [1440, 900],
] as const;

test.each(sizes.flatMap((size) => (["light", "dark"] as const).map((scheme) => [...size, scheme] as const)))(
  "%i × %i, %s",
  async (width, height, colorScheme) => {
    const visitor = { height, locale: "en-GB", timezoneId: "Europe/London", now: today };
    const { page, context } = await visitPage(browser, player.entrance, width, visitor);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const shoot = async (what: string) => {
      const path = join(folder, `${what}-${width}-${colorScheme}.png`);
      await page.mouse.move(0, 0);
      await page.screenshot({ path, animations: "disabled" });
      expect(statSync(path).size).toBeGreaterThan(5_000);
    };
    await page.locator(".call").first().waitFor();
    await shoot("list");
    await page.locator(".call").nth(1).click();
    await expect.poll(() => page.evaluate("Boolean(player.peaks) && audio.readyState")).toBe(4);
    await page.evaluate("audio.pause(), (audio.currentTime = 11)");
    await expect.poll(() => page.locator("#now").innerText()).toBe("0:11");
    await page.evaluate("draw()");
    await shoot("player");
    await context.close();
  },
);
