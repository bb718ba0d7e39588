import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { run, until } from "../helpers/bin.ts";
import { freePort } from "../helpers/database-server.ts";
import { openTerminal } from "../helpers/terminal.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { openTimWorld } from "./tim-world.ts";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

const openAccount = () =>
  openRingCentralWorld({
    data: { recordings: 4, layout: "plain", days: 3 },
    settings: { limits: quickBudget(40) },
  });

/** The environment of a machine on which nothing is set up yet. */
const bare = ({ home }: { home: string }) => ({
  PATH: process.env.PATH as string,
  HOME: home,
  XDG_STATE_HOME: join(home, "state"),
  XDG_CONFIG_HOME: join(home, "config"),
});

const settingsOf = ({ home }: { home: string }) => join(home, "config", "callreel", "config.json");
const secretsOf = ({ home }: { home: string }) => join(home, "state", "callreel", "secrets.json");
const hosts = ({ env }: RingCentralWorld) => [
  ...["--server", env.RC_SERVER_URL as string],
  ...["--media-server", env.RC_MEDIA_URL as string],
];

it("leads to a RingCentral login: corrected where it was wrong, kept only when it works, and no secret is seen", async ({
  skip,
}) => {
  await using world = await openAccount();
  const { RC_APP_CLIENT_ID = "", RC_APP_CLIENT_SECRET = "", RC_USER_JWT = "" } = world.env;
  using terminal = openTerminal(["setup", ...hosts(world)], bare(world), skip);
  await terminal.answer("Choice [1]", "RingCentral");
  await terminal.answer("Name of the profile [default]", "");
  await terminal.answer("Choice [1]", "JWT", 2);
  await terminal.answer("Client id:", RC_APP_CLIENT_ID);
  await terminal.answer("Client secret, not shown", "wrong-secret");
  await terminal.answer("JWT, not shown", "no jwt");
  await terminal.answer("JWT, not shown", RC_USER_JWT, 2);
  await terminal.answer("Folder for the recordings", "~/calls");
  await terminal.answer("nothing is kept yet", "correct");
  expect([existsSync(settingsOf(world)), existsSync(secretsOf(world))]).toEqual([false, false]);
  await terminal.answer("Choice [1]", "", 4);
  await terminal.answer("Client id [", "");
  await terminal.answer("Client secret, not shown", RC_APP_CLIENT_SECRET, 2);
  await terminal.answer("JWT, not shown", "", 3);
  await terminal.answer("Folder for the recordings", "", 2);
  await until(terminal.ended, "the end").catch(terminal.explain);
  const shown = terminal.lines().join("\n");
  expect([terminal.code(), shown]).toEqual([
    0,
    expect.stringContaining("callreel download -s ringcentral --from 90d -n"),
  ]);
  expect(shown).toMatch(/FAILED +RingCentral: login: .*\(OAU-153\)[\s\S]*client id and client secret/);
  for (const secret of [RC_APP_CLIENT_SECRET, "wrong-secret", RC_USER_JWT.slice(0, 40)]) {
    expect(shown).not.toContain(secret);
    expect(readFileSync(settingsOf(world), "utf8")).not.toContain(secret);
  }
  const env = bare(world);
  expect((await run(["download", "-s", "ringcentral", "--from", "90d"], { env })).code).toBe(0);
  expect(existsSync(join(world.home, "calls", "ringcentral"))).toBe(true);
});

it("logs in with the browser, for a person", async ({ skip }) => {
  await using world = await openAccount();
  const port = String(await freePort());
  world.rc.settings.app.redirectUris.push(`http://localhost:${port}/oauth2callback`);
  const browser = join(world.home, "browser.sh");
  writeFileSync(browser, '#!/bin/sh\nexec curl -sL --noproxy "*" -o /dev/null "$1"\n');
  chmodSync(browser, 0o700);
  const env = { ...bare(world), BROWSER: browser };
  using terminal = openTerminal(["setup", "-s", "ringcentral", "--redirect-port", port, ...hosts(world)], env, skip);
  await terminal.answer("Name of the profile", "anna");
  await terminal.answer("Choice [1]", "2");
  await terminal.answer("Client id:", world.env.RC_APP_CLIENT_ID as string);
  await terminal.answer("Client secret, not shown", world.env.RC_APP_CLIENT_SECRET as string);
  await terminal.answer("Folder for the recordings", "");
  await until(terminal.ended, "the end").catch(terminal.explain);
  expect([terminal.code(), terminal.lines().join("\n")]).toEqual([0, expect.stringContaining("--profile anna")]);
  const who = await run(["auth", "status", "ringcentral", "--profile", "Anna"], { env: bare(world) });
  expect([who.code, who.out]).toEqual([0, expect.stringContaining("(by browser)")]);
});

it("leads to a TIM login, tried with a row of the table", async ({ skip }) => {
  await using world = await openTimWorld(3);
  const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "" } = world.env;
  const call = world.tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
  using terminal = openTerminal(["setup"], bare(world), skip);
  await terminal.answer("Choice [1]", "TIM");
  await terminal.answer("Name of the profile", "");
  await terminal.answer("TIM's address", "tim.example.com");
  await terminal.answer("TIM's address", TIM_URL, 2);
  await terminal.answer("TIM web user", TIM_USERNAME);
  await terminal.answer("Password, not shown", "wrong");
  await terminal.answer("Folder for the recordings", "");
  await terminal.answer("A row to try", "");
  await terminal.answer("nothing is kept yet", "");
  await terminal.answer("TIM's address", "", 3);
  await terminal.answer("TIM web user", "", 2);
  await terminal.answer("Password, not shown", TIM_PASSWORD, 2);
  await terminal.answer("Folder for the recordings", "", 2);
  await terminal.answer("A row to try", "1,2", 2);
  await terminal.answer("A row to try", `${call.datasource}, ${call.voicelocation}, ${call.voicefilename}`, 3);
  await until(terminal.ended, "the end").catch(terminal.explain);
  const shown = terminal.lines().join("\n");
  expect([terminal.code(), shown]).toEqual([0, expect.stringMatching(/ok +TIM token[\s\S]*ok +Echo/)]);
  expect(shown).not.toContain(TIM_PASSWORD);
  const env = bare(world);
  expect((await run(["download", "--rows", world.csv, "-d", world.archive], { env })).code).toBe(0);
});

it.each(["a question", "a secret", "the checks"])("Ctrl-C at %s ends with 130 and leaves nothing", async (where) => {
  await using world = await openAccount();
  world.rc.settings.faults.push({ route: "call-log", kind: "hang" });
  using terminal = openTerminal(["setup", "-s", "ringcentral", ...hosts(world)], bare(world), () => {});
  await terminal.answer("Name of the profile", "");
  if (where !== "a question") {
    await terminal.answer("Choice [1]", "");
    await terminal.answer("Client id:", world.env.RC_APP_CLIENT_ID as string);
  }
  if (where === "the checks") {
    await terminal.answer("Client secret, not shown", world.env.RC_APP_CLIENT_SECRET as string);
    await terminal.answer("JWT, not shown", world.env.RC_USER_JWT as string);
    await terminal.answer("Folder for the recordings", "");
    await until(() => terminal.lines().some((line) => line.includes("role for recordings")), "checks");
  } else {
    await until(
      () => terminal.lines().some((line) => line.includes(where === "a secret" ? "secret, not" : "Choice")),
      "it",
    );
  }
  terminal.key("C-c");
  await until(terminal.ended, "the end").catch(terminal.explain);
  expect([terminal.code(), terminal.lines().join("\n")]).toEqual([130, expect.stringContaining("Nothing was kept.")]);
  expect([existsSync(settingsOf(world)), existsSync(secretsOf(world))]).toEqual([false, false]);
  const who = await run(["auth", "status", "ringcentral", ...hosts(world)], {
    env: { ...bare(world), RC_APP_CLIENT_ID: world.env.RC_APP_CLIENT_ID },
  });
  expect(who.code).toBe(7);
});

it.each([["setup"], ["setup", "-s", "tim"]])(
  "Ctrl-D at the first question of %j ends with 130 and says so",
  async (...args) => {
    await using world = await openTimWorld(1);
    using terminal = openTerminal(args, bare(world), () => {});
    await until(() => terminal.lines().some((line) => /^(Choice|Name of the profile)/.test(line)), "a question");
    terminal.key("C-d");
    await until(terminal.ended, "the end").catch(terminal.explain);
    expect([terminal.code(), terminal.lines().join("\n")]).toEqual([130, expect.stringContaining("Nothing was kept.")]);
    expect([existsSync(settingsOf(world)), existsSync(secretsOf(world))]).toEqual([false, false]);
  },
);

it("takes answers that are typed ahead in one go, and shows no password of them", async ({ skip }) => {
  if (spawnSync("script", ["--version"]).status !== 0) skip("Debian's package bsdutils is not installed");
  await using world = await openTimWorld(3);
  const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "" } = world.env;
  const terminal = spawn("script", ["-qec", `'${process.execPath}' '${bin}' setup`, "/dev/null"], {
    env: { ...bare(world), NO_PROXY: "127.0.0.1" },
    cwd: world.home,
  });
  let shown = "";
  terminal.stdout.on("data", (chunk: Buffer) => {
    shown += chunk;
  });
  const ended = new Promise((resolve) => terminal.on("close", resolve));
  await until(() => shown.includes("Choice"), "the first question");
  terminal.stdin.write(`tim\nsouth\n${TIM_URL}\n${TIM_USERNAME}\n${TIM_PASSWORD}\n\n${world.csv}\n`);
  expect(await ended).toBe(0);
  expect(shown).toContain("callreel download -s tim --profile south --rows");
  expect(shown).not.toContain(TIM_PASSWORD);
});

it.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s at a secret ends with %i and leaves nothing", async (signal, code) => {
  await using world = await openAccount();
  using terminal = openTerminal(["setup", "-s", "ringcentral"], bare(world), () => {});
  await terminal.answer("Name of the profile", "");
  await terminal.answer("Choice [1]", "");
  await terminal.answer("Client id:", "x");
  await until(() => terminal.lines().some((line) => line.includes("secret, not")), "the secret");
  terminal.signal(signal);
  await until(terminal.ended, "the end").catch(terminal.explain);
  expect([terminal.code(), terminal.lines().join("\n")]).toEqual([code, expect.stringContaining("Nothing was kept.")]);
  expect([existsSync(settingsOf(world)), existsSync(secretsOf(world))]).toEqual([false, false]);
});

it.each([
  ["stop", 5, false],
  ["keep", 0, true],
] as const)("where nobody can be reached, a person may %s: %i", async (choice, code, kept) => {
  await using world = await openTimWorld(1);
  using terminal = openTerminal(["setup", "-s", "tim", "--tim-url", "http://127.0.0.1:1"], bare(world), () => {});
  await terminal.answer("Name of the profile", "");
  await terminal.answer("TIM's address", "");
  await terminal.answer("TIM web user", "anna");
  await terminal.answer("Password, not shown", "  pass word ");
  await terminal.answer("Folder for the recordings", "");
  await terminal.answer("A row to try", "");
  await terminal.answer("nothing is kept yet", choice);
  await until(terminal.ended, "the end").catch(terminal.explain);
  expect([terminal.code(), terminal.lines().join("\n")]).toEqual([
    code,
    expect.stringMatching(/FAILED +TIM[\s\S]*Check the network/),
  ]);
  expect([existsSync(settingsOf(world)), existsSync(secretsOf(world))]).toEqual([kept, kept]);
  if (kept) expect(JSON.parse(readFileSync(secretsOf(world), "utf8"))).toEqual({ "tim-password:default": "pass word" });
});
