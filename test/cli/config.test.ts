import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSettingsFile, readSecret, resolveSettings, settingsPath, stateFolder } from "../../src/cli/config.ts";

let folder: string;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-config-"));
  env = { XDG_CONFIG_HOME: folder, HOME: folder };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("settings come from", () => {
  it("nowhere, and are then absent", async () => {
    expect((await resolveSettings({}, env)).settings).toEqual({});
  });

  it("the profile, which the environment beats, which a flag beats; the origin is told", async () => {
    const file = await openSettingsFile(settingsPath({}, env));
    file.set("default", "transfers", "2");
    const fromProfile = await resolveSettings({}, env);
    expect(fromProfile.settings.transfers).toBe(2);
    expect(fromProfile.origins.transfers).toBe(`profile default in ${join(folder, "callreel", "config.json")}`);
    const fromEnv = await resolveSettings({}, { ...env, CALLREEL_TRANSFERS: "3" });
    expect([fromEnv.settings.transfers, fromEnv.origins.transfers]).toEqual([3, "CALLREEL_TRANSFERS"]);
    const fromFlag = await resolveSettings({ transfers: "4" }, { ...env, CALLREEL_TRANSFERS: "3" });
    expect([fromFlag.settings.transfers, fromFlag.origins.transfers]).toEqual([4, "--transfers"]);
  });

  it("RingCentral's own variables, after callreel's", async () => {
    const both = { ...env, RC_SERVER_URL: "https://a.example", CALLREEL_SERVER: "https://b.example/" };
    expect((await resolveSettings({}, both)).settings.server).toBe("https://b.example");
    expect((await resolveSettings({}, { ...env, RC_USER_JWT: "ey" })).settings.jwt).toBe("ey");
  });

  it("a list in one variable, split at line breaks and semicolons", async () => {
    const { settings } = await resolveSettings({}, { ...env, CALLREEL_ROWS: "a.csv;b.csv" });
    expect(settings.rows).toEqual(["a.csv", "b.csv"]);
  });

  it("an empty variable means none", async () => {
    expect((await resolveSettings({}, { ...env, CALLREEL_TRANSFERS: "" })).settings.transfers).toBeUndefined();
  });
});

describe("a wrong value names where it came from and what is understood", () => {
  it.each([
    [{ transfers: "many" }, {}, '--transfers: "many" is not a whole number from 1 to 64.'],
    [{}, { CALLREEL_FORMAT: "ogg" }, 'CALLREEL_FORMAT: "ogg" is none of wav, mp3.'],
    [{ server: "ringcentral" }, {}, '--server: "ringcentral" is not a URL'],
    [{ timUrl: "http://user:pw@tim.example" }, {}, "--tim-url: A user or password inside a URL"],
    [{ server: "ftp://x" }, {}, "--server: The URL must begin with https:// or http://"],
    [{ map: ["nonsense"] }, {}, '--map: "nonsense" is not of the form name=value.'],
    [{ dest: " " }, {}, "--dest: The value is empty."],
    [{}, { CALLREEL_JSON: "maybe" }, 'CALLREEL_JSON: "maybe" is neither yes nor no.'],
  ])("%j %j", async (flags, variables, message) => {
    await expect(resolveSettings(flags, { ...env, ...variables })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(message),
    });
  });
});

describe("profiles", () => {
  it("live in one file that only its owner reads", async () => {
    const file = await openSettingsFile(settingsPath({}, env));
    file.set("work", "dest", "/srv/calls");
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect((await resolveSettings({ profile: ["work"] }, env)).settings.dest).toBe("/srv/calls");
    file.remove("work", "dest");
    expect((await resolveSettings({ profile: ["work"] }, env)).settings.dest).toBeUndefined();
  });

  it("that do not exist are refused by name, with the known ones", async () => {
    await expect(resolveSettings({ profile: ["work"] }, env)).rejects.toThrow(/no profile "work".*none yet/);
    (await openSettingsFile(settingsPath({}, env))).set("home", "dest", "/x");
    await expect(resolveSettings({}, { ...env, CALLREEL_PROFILE: "work" })).rejects.toThrow(/known are home/);
  });

  it("with an unknown setting are refused", async () => {
    (await openSettingsFile(settingsPath({}, env))).set("default", "transferz", "1");
    await expect(resolveSettings({}, env)).rejects.toThrow(/unknown setting "transferz"/);
  });

  it("in a broken file are an error that says where", async () => {
    const path = join(folder, "broken.json");
    writeFileSync(path, "{ not json");
    await expect(resolveSettings({ config: path }, env)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(path),
    });
  });
});

describe("a secret", () => {
  it("is read from its file without the line break at the end", () => {
    const file = join(folder, "secret");
    writeFileSync(file, "s3cret\r\n");
    expect(readSecret(undefined, file, "--jwt-file")).toBe("s3cret");
    expect(readSecret("direct\n", undefined, "--jwt-file")).toBe("direct");
    expect(readSecret(undefined, undefined, "--jwt-file")).toBeUndefined();
    expect(() => readSecret(undefined, join(folder, "none"), "--jwt-file")).toThrow(
      /--jwt-file: .*none cannot be read \(ENOENT\)/,
    );
  });
});

it("keeps state in one folder of the user", () => {
  expect(stateFolder({ XDG_STATE_HOME: "/state" })).toBe("/state/callreel");
  expect(stateFolder({ HOME: "/home/a" })).toMatch(/^\/home\/a\/.*callreel$/);
  expect(settingsPath({}, { HOME: "/home/a" })).toMatch(/^\/home\/a\/.*callreel\/config.json$/);
});
