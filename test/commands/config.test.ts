import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-config-command-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function config(args: string[], env: Record<string, string> = {}) {
  const io = testIo({ HOME: home, XDG_CONFIG_HOME: home, ...env });
  const code = await main(["config", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

const file = () => join(home, "callreel", "config.json");

it("says where the settings are", async () => {
  expect((await config(["path"])).out).toBe(`${file()}\n`);
});

it("stores, shows and forgets a setting, in a profile that need not be there yet", async () => {
  expect((await config(["set", "--profile", "work", "retries", "8"])).code).toBe(0);
  expect((await config(["get", "--profile", "work", "retries"])).out).toBe("8\n");
  const listed = await config(["list", "--profile", "work"]);
  expect(listed.out).toContain(`retries = 8    (profile work in ${file()})`);
  expect(listed.out).toMatch(/not set: .*\bdest\b/);
  expect((await config(["unset", "--profile", "work", "retries"])).code).toBe(0);
  expect(await config(["get", "--profile", "work", "retries"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("retries is not set"),
  });
});

it("shows which value wins and where it came from, and never a secret", async () => {
  await config(["set", "dest", "/srv/calls"]);
  const { out } = await config(["list"], { CALLREEL_DEST: "/mnt/calls", RC_USER_JWT: "eyJsecret" });
  expect(out).toContain("dest = /mnt/calls    (CALLREEL_DEST)");
  expect(out).toContain("jwt = (secret)    (RC_USER_JWT)");
  expect(out).not.toContain("eyJsecret");
});

it("keeps several values of a setting that takes several", async () => {
  await config(["set", "map", "voicefilename=rec_id", "datasource=site"]);
  expect(JSON.parse(readFileSync(file(), "utf8")).profiles.default.map).toEqual([
    "voicefilename=rec_id",
    "datasource=site",
  ]);
  expect((await config(["get", "map"])).out).toContain("rec_id");
});

it.each([
  [["get"], "needs a setting's name"],
  [["get", "colour"], 'no setting "colour"'],
  [["get", "jwt"], "is a secret and is never shown"],
  [["set", "jwt", "x"], "auth login"],
  [["set", "transfers"], "needs a value"],
  [["set", "transfers", "many"], 'transfers: "many" is not a whole number'],
  [["shuffle"], "say get NAME"],
])("refuses %j with a sentence that helps", async (args, says) => {
  expect(await config(args)).toMatchObject({ code: 2, err: expect.stringContaining(says) });
});

it("works although the settings file is broken enough for every other command", async () => {
  await config(["set", "transfers", "8"]);
  writeFileSync(file(), "{ not json");
  expect((await config(["path"])).code).toBe(0);
  expect(await config(["list"])).toMatchObject({ code: 2, err: expect.stringContaining(file()) });
});
