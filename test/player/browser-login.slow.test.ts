import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wireWebLogin } from "../../src/composition/web-login.ts";
import { addUser, openUsers } from "../../src/player/auth/passwords.ts";
import { openRingCentralSandbox } from "../../src/sandbox/ringcentral/index.ts";
import { testIo } from "../helpers/test-io.ts";
import { launchChromium, visitPage } from "./chromium.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "callreel-clicks-"));
  played = await openPlayedArchive();
  await played.keep("ringcentral", "1", { start: "2026-11-03T10:00:00.000Z", account: "37439510", extension: "101" });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await played?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test("somebody types name and password, clicks, listens, and logs out by a click", async () => {
  const file = join(folder, "people");
  await addUser(file, "anna", "correct horse");
  const player = await played.open({ users: openUsers(file) });
  const { page, context, complaints } = await visitPage(browser, `${player.address}/`);
  expect(new URL(page.url()).pathname).toBe("/login");
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("wrong horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.getByRole("alert").innerText()).toBe("Name or password is wrong.");

  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(".call").first().waitFor();
  expect(page.url()).toBe(`${player.address}/`);
  expect(await page.locator("#who").innerText()).toContain("anna");

  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Password").waitFor();
  await page.goto(`${player.address}/`);
  expect(new URL(page.url()).pathname).toBe("/login");
  // Chromium itself tells of the wrong password's 401.
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  await context.close();
});

test("somebody comes in with a RingCentral account by clicks, and logs out by one", async () => {
  await using sandbox = closing(await openRingCentralSandbox());
  const { apiUrl, mediaUrl, env } = sandbox.running;
  const settings = {
    server: apiUrl,
    mediaServer: mediaUrl,
    clientId: env.RC_APP_CLIENT_ID,
    clientSecret: env.RC_APP_CLIENT_SECRET,
  };
  const io = testIo({ HOME: folder, XDG_STATE_HOME: folder, NO_PROXY: "127.0.0.1" });
  await using webLogin = await wireWebLogin({ settings, io, report: () => {}, keepSecret: () => {} });
  const player = await played.open({ webLogin });
  sandbox.running.settings.app.redirectUris.push(`${player.address}/oauth/callback`);

  const { page, context, complaints } = await visitPage(browser, `${player.address}/`);
  await page.getByRole("link", { name: "Log in with RingCentral" }).click();
  await page.locator(".call").first().waitFor();
  expect(await page.locator("#who").innerText()).toContain("(RingCentral)");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in with RingCentral" }).waitFor();
  await page.goto(`${player.address}/r/ringcentral/1`);
  expect(new URL(page.url()).pathname).toBe("/login");
  expect(complaints).toEqual([]);
  await context.close();
});

function closing(running: Awaited<ReturnType<typeof openRingCentralSandbox>>) {
  return { running, [Symbol.asyncDispose]: () => running.close() };
}
