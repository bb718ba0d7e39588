import { readFileSync } from "node:fs";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import type { Player } from "../../src/player/server.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { keepOffice, today } from "./listened-archive.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let many: PlayedArchive;
let player: Player;
let manyPlayer: Player;
let browser: Browser;

beforeAll(async () => {
  played = await openPlayedArchive();
  await keepOffice(played);
  player = await played.open({ clock: { ...systemClock, now: () => today.getTime() } });
  many = await openPlayedArchive();
  for (let at = 0; at < 260; at += 1) {
    const start = new Date(Date.UTC(2026, 9, 1, 9) + at * 6 * 3600_000).toISOString();
    await many.keep(
      "ringcentral",
      String(at),
      { start, from: `+4420794${60000 + at}`, direction: "inbound" },
      smallWav("x"),
    );
  }
  manyPlayer = await many.open();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await played?.[Symbol.asyncDispose]();
  await many?.[Symbol.asyncDispose]();
});

async function visit(width = 1000, height = 800, { entrance } = player, locale = "en-GB") {
  const visited = await visitPage(browser, entrance, width, {
    height,
    locale,
    timezoneId: "Europe/London",
    now: today,
  });
  await visited.page.locator(".call").first().waitFor();
  return { ...visited, [Symbol.asyncDispose]: () => visited.context.close() };
}

const texts = (page: Page, selector: string) => page.locator(selector).allInnerTexts();
const status = (page: Page) => page.locator("#status").innerText();
const fill = async (page: Page, label: string, text: string) => {
  await page.getByLabel(label, { exact: true }).fill(text);
  await page.keyboard.press("Enter");
};

test("rows lead with the other party and the agent, below days with their weekday, without seconds in times", async () => {
  await using visited = await visit();
  const { page, complaints } = visited;
  expect((await texts(page, ".day h2")).slice(0, 3)).toEqual([
    "Today, Sunday, 29 November 2026",
    "Yesterday, Saturday, 28 November 2026",
    "Tuesday, 24 November 2026",
  ]);
  expect((await texts(page, ".day h2")).at(-1)).toBe("Time unknown");
  const first = page.locator(".call").first();
  expect(await first.locator(".parties").innerText()).toBe("+442079465646");
  expect(await first.locator(".agent").innerText()).toBe("Ann Lee · ext. 0206");
  expect(await first.locator(".when").innerText()).toBe("10:42");
  expect(await first.locator(".sign.play svg").isVisible()).toBe(true);
  expect(await first.locator(".sign.inbound").innerText()).toContain("Inbound");
  const outbound = page.locator(".call", { has: page.locator(".sign.outbound") }).first();
  expect(await outbound.locator(".parties").innerText()).toBe("02079460302");
  expect(await status(page)).toBe("10 recordings");
  expect(complaints).toEqual([]);
});

test("legs of one call stand joined and counted; the same session weeks before is another call", async () => {
  await using visited = await visit();
  const { page } = visited;
  expect(await page.locator(".joined").count()).toBe(1);
  expect(await page.locator(".joined .leg-count").innerText()).toBe("3 legs");
  const keys = await page
    .locator(".joined .call")
    .evaluateAll((all) => all.map((each) => each.getAttribute("data-key")));
  expect(keys).toEqual(["ringcentral/4104", "ringcentral/4103", "ringcentral/4102"]);
  await page.getByLabel("Order").selectOption("Longest first");
  await expect.poll(() => page.locator(".joined").count()).toBe(0);
});

test("a search finds names without their accents, days, months, numbers, and nothing", async () => {
  await using visited = await visit();
  const { page, complaints } = visited;
  // Each finds another number than the one before.
  for (const [text, count] of [
    ["Muller", 3],
    ["5 Oct 2026", 1],
    ["lukasz yesterday", 2],
    ["October 2026", 1],
    ["sorensen", 3],
    ["6505557602", 1],
    ["nobody", 0],
    ["5/10/2026", 1],
  ] as const) {
    await page.getByRole("searchbox").fill(text);
    const found = async () => [text, await page.locator(".call").count(), await status(page)];
    const said = text === "5/10/2026" ? "1 recording · 5 Oct 2026" : saidOf(count);
    await expect.poll(found).toEqual([text, count, said]);
  }
  expect(complaints).toEqual([]);
});

function saidOf(count: number) {
  return count === 0
    ? expect.stringMatching(/^No recordings/)
    : expect.stringMatching(new RegExp(`^${count} recordings?`));
}

test("5/10/2026 is a day in May to somebody in America, and the page says so", async () => {
  await using visited = await visit(1000, 800, player, "en-US");
  await visited.page.getByRole("searchbox").fill("5/10/2026");
  await expect.poll(() => status(visited.page)).toBe("No recordings found · May 10, 2026");
});

test("dates in the filters are written as people write them; one that cannot be read is marked", async () => {
  await using visited = await visit();
  const { page } = visited;
  await fill(page, "From", "yesterday");
  await expect.poll(() => status(page)).toBe("6 recordings · from 28 Nov 2026");
  await fill(page, "To", "28 November 2026");
  await expect.poll(() => status(page)).toBe("4 recordings · 28 Nov 2026");
  await fill(page, "From", "soon");
  await expect.poll(() => status(page)).toContain('"soon" is not a date');
  expect(await page.getByLabel("From").getAttribute("aria-invalid")).toBe("true");
});

test("a long list tells its total at once, grows as one scrolls, and jumps to a date", async () => {
  await using visited = await visit(1000, 800, manyPlayer);
  const { page, complaints } = visited;
  await expect.poll(() => status(page)).toBe("260 recordings");
  expect(await page.locator(".call").count()).toBe(100);
  await page.locator("#more").scrollIntoViewIfNeeded();
  await expect.poll(() => page.locator(".call").count()).toBeGreaterThanOrEqual(200);
  await fill(page, "Jump to date", "10 Oct 2026");
  await expect.poll(() => page.locator(".day h2").first().innerText()).toBe("Saturday, 10 October 2026");
  await expect.poll(() => status(page)).toBe("260 recordings · beginning at 10 Oct 2026");
  await fill(page, "Jump to date", "");
  await page.getByLabel("Order").selectOption("Oldest first");
  await expect.poll(() => page.locator(".day h2").first().innerText()).toBe("Thursday, 1 October 2026");
  expect(complaints).toEqual([]);
});

test("the list is saved as CSV by a click", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.getByRole("searchbox").fill("Muller");
  await expect.poll(() => status(page)).toBe("3 recordings");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Save as CSV").click()]);
  expect(download.suggestedFilename()).toBe("call-recordings.csv");
  const lines = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain("2026-11-29,09:05:00,outbound,0202,02079460302,0202,Zoë Müller,");
});

test("where a reason is asked for, the click asks it: none, no list; one, the list and the audit log", async () => {
  const strict = await played.open({}, { reasonRequired: true });
  await using visited = await visit(1000, 800, strict);
  const { page } = visited;
  await page.evaluate("window.prompt = () => null");
  let downloads = 0;
  page.on("download", () => (downloads += 1));
  await page.getByText("Save as CSV").click();
  await page.evaluate("window.prompt = () => 'claim 7'");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Save as CSV").click()]);
  expect(
    readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n").length,
  ).toBeGreaterThan(3);
  expect(downloads).toBe(1);
  expect((await played.ledger.lastAudits(1))[0]).toMatchObject({ action: "export", reason: "claim 7" });
});

test("? shows the keys, n and p go through the list, > plays faster, and the title tells what plays", async () => {
  await using visited = await visit();
  const { page, complaints } = visited;
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  expect(await page.getByRole("dialog").innerText()).toContain("10 seconds back / forward");
  await page.keyboard.press("Escape");
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.locator(".call").first().click();
  await expect.poll(() => page.title()).toBe("▶ +442079465646 – Call recordings – callreel");
  await page.keyboard.press("n");
  await expect.poll(() => page.title()).toBe("▶ 02079460302 – Call recordings – callreel");
  await page.keyboard.press("p");
  await expect.poll(() => page.title()).toBe("▶ +442079465646 – Call recordings – callreel");
  await page.keyboard.press(">");
  expect(await page.evaluate("document.getElementById('audio').playbackRate")).toBe(1.25);
  const media = "[navigator.mediaSession.metadata.title, navigator.mediaSession.metadata.artist]";
  expect(await page.evaluate(media)).toEqual(["+442079465646", "Ann Lee · ext. 0206"]);
  await expect.poll(() => page.evaluate("navigator.mediaSession.playbackState")).toBe("playing");
  await page.keyboard.press("k");
  await expect.poll(() => page.title()).toBe("+442079465646 – Call recordings – callreel");
  expect(complaints).toEqual([]);
});

test("with Play next the next recording begins when one ends", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.locator(".call").first().click();
  await expect.poll(() => page.evaluate("audio.readyState")).toBe(4);
  await page.getByLabel("Play next").check();
  await page.evaluate("audio.currentTime = audio.duration - 0.1");
  await expect.poll(() => page.title()).toBe("▶ 02079460302 – Call recordings – callreel");
  await page.evaluate("audio.pause()");
});

test.each([
  [320, 568],
  [390, 844],
])(
  "on a phone of %i × %i the filters are folded and the player leaves the list most of the screen",
  async (width, height) => {
    await using visited = await visit(width, height);
    const { page } = visited;
    expect(await page.getByLabel("Direction").isVisible()).toBe(false);
    await page.locator("summary").click();
    expect(await page.getByLabel("Direction").isVisible()).toBe(true);
    await page.locator("summary").click();
    await page.locator(".call").nth(1).click();
    await expect.poll(() => page.evaluate("audio.readyState")).toBe(4);
    expect((await page.locator("#player").boundingBox())!.height).toBeLessThanOrEqual(0.35 * height);
    await page.getByRole("button", { name: "More controls" }).click();
    expect(await page.getByText("Copy link").isVisible()).toBe(true);
    expect((await page.locator("#player").boundingBox())!.height).toBeLessThanOrEqual(0.35 * height);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  },
);

test("a wrong or expired link opened in a browser is a page that says what to do", async () => {
  await using visited = await visit();
  const { page } = visited;
  await page.goto(`${player.address}/r/ringcentral/999`);
  expect(await page.getByRole("heading").innerText()).toBe("Not found");
  await page.getByText("All recordings").click();
  await page.locator(".call").first().waitFor();
  await page.goto(`${player.address}/?key=expired`);
  expect(await page.getByRole("heading").innerText()).toBe("This link no longer works");
});

test.each([
  ["light", 1440],
  ["dark", 1440],
  ["light", 320],
  ["dark", 320],
] as const)("axe finds nothing in the %s page %i wide: list, player, keys, refusal", async (colorScheme, width) => {
  await using visited = await visit(width);
  const { page } = visited;
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  const findings = async () => {
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as {
      violations: { id: string; nodes: { html: string }[] }[];
    };
    return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
  };
  expect(await findings()).toEqual([]);
  await page.locator(".call").first().click();
  await expect.poll(() => page.evaluate("audio.readyState")).toBe(4);
  if (width === 320) await page.getByRole("button", { name: "More controls" }).click();
  expect(await findings()).toEqual([]);
  await page.keyboard.press("?");
  expect(await findings()).toEqual([]);
  await page.goto(`${player.address}/r/ringcentral/999`);
  expect(await findings()).toEqual([]);
});
