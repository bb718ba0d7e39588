import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  openSettingsFile,
  readSecret,
  requireSettingsFile,
  resolveSettings,
  settingsPath,
  stateFolder,
} from "../../src/cli/config.ts";

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

  it("a profile by its name in any case, each further one under its own", async () => {
    const file = await openSettingsFile(settingsPath({}, env));
    for (const [name, transfers] of [
      ["Emea", "2"],
      ["us", "3"],
      ["US", "4"],
    ] as const)
      file.set(name, "transfers", transfers);
    const asked = { profile: ["EMEA", "us"] };
    expect((await resolveSettings(asked, env)).settings).toMatchObject({ profile: ["Emea", "us"], transfers: 2 });
    expect((await resolveSettings(asked, env, "us")).settings).toEqual({ profile: ["us"], transfers: 3 });
    const both = await resolveSettings({}, { ...env, CALLREEL_PROFILE: "emea;US" });
    expect(both.settings).toMatchObject({ profile: ["Emea", "US"], transfers: 2 });
    await expect(resolveSettings({ profile: ["uS"] }, env)).rejects.toMatchObject({ code: "usage" });
    expect((await resolveSettings({ profile: ["new"] }, env, "new", true)).settings).toEqual({ profile: ["new"] });
  });

  it("an empty variable means none", async () => {
    expect((await resolveSettings({}, { ...env, CALLREEL_TRANSFERS: "" })).settings.transfers).toBeUndefined();
  });
});

describe("a wrong value names where it came from and what is understood", () => {
  it.each([
    [{ transfers: "many" }, {}, '--transfers: "many" is not a whole number from 1 to 64.'],
    [{}, { CALLREEL_FORMAT: "ogg" }, 'CALLREEL_FORMAT takes wav or mp3, not "ogg".'],
    [{ since: "yesterday" }, {}, '--since takes only "last"; for a date use --from.'],
    [{ server: "ringcentral" }, {}, '--server: "ringcentral" is not a URL'],
    [{ timUrl: "http://user:pw@tim.example" }, {}, "--tim-url: A user or password inside a URL"],
    [{ server: "ftp://x" }, {}, "--server: The URL must begin with https:// or http://"],
    [{ map: ["nonsense"] }, {}, '--map: "nonsense" is not in the form name=value.'],
    [{ dest: " " }, {}, "--dest takes a value that is not empty."],
    [{}, { CALLREEL_JSON: "maybe" }, 'CALLREEL_JSON: "maybe" is not valid; use yes or no.'],
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
    await expect(resolveSettings({}, { ...env, CALLREEL_PROFILE: "work" })).rejects.toThrow(/profiles are home/);
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

describe("of two settings that exclude each other", () => {
  const given = async (flags: Record<string, string | boolean>, variables: Record<string, string> = {}) =>
    (await resolveSettings(flags, { ...env, ...variables })).settings;

  it("the nearer one counts, and --utc is a zone", async () => {
    const file = await openSettingsFile(settingsPath({}, env));
    for (const [name, text] of [
      ["from", "7d"],
      ["timezone", "Europe/London"],
    ])
      file.set("default", name ?? "", text);
    expect(await given({ month: "2026-03" })).toEqual({ month: "2026-03", timezone: "Europe/London" });
    expect(await given({ from: "1d" }, { CALLREEL_MONTH: "2026-03" })).toMatchObject({ from: "1d" });
    expect(await given({ from: "1d" }, { CALLREEL_MONTH: "2026-03" })).not.toHaveProperty("month");
    expect(await given({}, { CALLREEL_UTC: "1" })).toMatchObject({ timezone: "UTC" });
    expect(await given({ timezone: "asia/tokyo" }, { CALLREEL_UTC: "yes" })).toMatchObject({ timezone: "Asia/Tokyo" });
    expect(await given({}, { CALLREEL_UTC: "no" })).toMatchObject({ timezone: "Europe/London" });
  });

  it.each([
    [{ month: "2026-03", from: "7d" }, /^--month and --from exclude each other; give one of them\.$/],
    [{ month: "2026-03", to: "7d" }, /^--month and --to exclude/],
    [{ month: "2026-03", since: "last" }, /^--month and --since exclude/],
    [{ from: "7d", since: "last" }, /^--since and --from exclude/],
    [{ utc: true, timezone: "Europe/London" }, /^--utc and --timezone exclude/],
  ])("two flags are refused: %j", async (flags, message) => {
    await expect(given(flags)).rejects.toThrow(message);
  });
});

it.each(["2026-13", "2026-3", "March", "2026-03-01", "0000-01", "", "2026–03"])("%j is no month", async (month) => {
  await expect(resolveSettings({ month }, env)).rejects.toThrow(/^--month: ".*" is not a month; .* as in 2026-03\.$/);
});

it("refuses a number that no call can have, and a settings file that is named but not there", async () => {
  await expect(resolveSettings({ number: "reception" }, env)).rejects.toThrow('--number: "reception" has no digits.');
  expect(() => requireSettingsFile({ config: "/no/such.json" })).toThrow(
    "--config: there is no settings file at /no/such.json.",
  );
});

it("refuses an unknown zone by name, with an example", async () => {
  const message = '--timezone: "Mars/Base" is not an IANA time zone; use a name such as Europe/London.';
  await expect(resolveSettings({ timezone: "Mars/Base" }, env)).rejects.toThrow(message);
});
