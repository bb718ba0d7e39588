import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openRingCentralWorld, quickBudget } from "../e2e/ringcentral-world.ts";
import { openTimWorld } from "../e2e/tim-world.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-setup-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function callreel(args: string[], env: Record<string, string> = {}, input = "") {
  const io = testIo({ HOME: home, XDG_CONFIG_HOME: join(home, "c"), XDG_STATE_HOME: join(home, "s"), ...env }, input);
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

const settingsFile = () => join(home, "c", "callreel", "config.json");
const secretsFile = () => join(home, "s", "callreel", "secrets.json");
const profiles = () => JSON.parse(readFileSync(settingsFile(), "utf8")).profiles;

/** Every text below the home folder, of files and in them. */
function everything(): string {
  return readdirSync(home, { recursive: true, encoding: "utf8" })
    .map((name) => join(home, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`)
    .join("\n");
}

const account = () =>
  openRingCentralWorld({
    data: { recordings: 4, layout: "plain", days: 3 },
    settings: { limits: quickBudget(40) },
  });

describe("without a terminal", () => {
  it.each([
    [["setup"], {}, /-s ringcentral or -s tim/],
    [["setup", "-s", "RingCentral"], {}, /--client-id \(RC_APP_CLIENT_ID\); --jwt-file FILE \(RC_USER_JWT\)/],
    [["setup"], { TIM_URL: "http://127.0.0.1:1" }, /--tim-user \(TIM_USERNAME\); --tim-password-file/],
    [["setup", "-s", "tim", "--no-input"], {}, /--tim-url \(TIM_URL\)/],
    [["setup", "--profile", "-x;y"], {}, /profile's name/],
    [["setup", "--jwt-file", "-", "--client-secret-file", "-"], {}, /one secret/],
  ])("%j is refused with 2 and says what is missing", async (args, env, says) => {
    const { code, err } = await callreel(args, env as Record<string, string>);
    expect([code, err]).toEqual([2, expect.stringMatching(says)]);
    expect(everything()).toBe("");
  });

  it("keeps a RingCentral login that works from then on without any variable, and no secret in the settings", async () => {
    await using world = await account();
    const { RC_SERVER_URL, RC_MEDIA_URL, RC_APP_CLIENT_SECRET = "", RC_USER_JWT = "" } = world.env;
    const env = world.rc.env;
    const { code, out, err } = await callreel(["setup", "-s", "ringcentral", "-d", "calls"], env);
    expect([code, out]).toEqual([0, "callreel download -s ringcentral --from 90d -n\n"]);
    expect(err).toMatch(/ok +RingCentral: one recording/);
    expect(profiles()).toEqual({
      default: {
        server: RC_SERVER_URL,
        "media-server": RC_MEDIA_URL,
        "client-id": env.RC_APP_CLIENT_ID,
        dest: join(home, "calls"),
      },
    });
    for (const secret of [RC_APP_CLIENT_SECRET, RC_USER_JWT]) {
      expect(out + err + readFileSync(settingsFile(), "utf8")).not.toContain(secret);
    }
    expect([settingsFile(), secretsFile()].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
    const fetched = await callreel(["download", "--from", "10d", "--transfers", "4"]);
    expect([fetched.code, readdirSync(join(home, "calls"))]).toEqual([0, expect.arrayContaining(["ringcentral"])]);
    // What is kept goes to the app and server alone that it was kept for.
    const other = await callreel(["auth", "status", "ringcentral"], { RC_APP_CLIENT_ID: "another" });
    expect([other.code, other.err]).toEqual([7, expect.stringMatching(/There is no RingCentral login/)]);
    await callreel(["auth", "logout", "ringcentral"]);
    expect((await callreel(["auth", "status", "ringcentral"])).code).toBe(7);
  });

  it("notes files of secrets by their whole path, and takes one secret by standard input", async () => {
    await using world = await account();
    const { RC_USER_JWT = "", RC_APP_CLIENT_SECRET = "", ...env } = world.rc.env;
    writeFileSync(join(home, "secret.txt"), RC_APP_CLIENT_SECRET);
    const args = ["setup", "--profile", "emea", "--client-secret-file", "secret.txt", "--jwt-file", "-"];
    const given = await callreel(args, env, `${RC_USER_JWT}\n`);
    expect([given.code, given.out]).toEqual([0, expect.stringContaining("-s ringcentral --profile emea --from")]);
    expect(profiles().emea).toMatchObject({ "client-secret-file": join(home, "secret.txt") });
    expect(readFileSync(secretsFile(), "utf8")).not.toContain(RC_APP_CLIENT_SECRET);
    expect((await callreel(["auth", "status", "ringcentral", "--profile", "EMEA"])).code).toBe(0);
  });

  it("keeps nothing of what is refused or cannot be reached, and leaves an older profile as it was", async () => {
    await using rc = await account();
    await using tim = await openTimWorld(3);
    await callreel(["config", "set", "transfers", "7"]);
    const before = readFileSync(settingsFile(), "utf8");
    const wrong: [Record<string, string>, string, number][] = [
      [{ ...rc.rc.env, RC_APP_CLIENT_SECRET: "no" }, "ringcentral", 7],
      [{ ...rc.rc.env, RC_USER_JWT: "a.b.c" }, "ringcentral", 7],
      [{ ...tim.tim.env, TIM_PASSWORD: "no" }, "tim", 7],
      [{ ...tim.tim.env, TIM_URL: "http://127.0.0.1:1" }, "tim", 5],
      [{ ...rc.rc.env, RC_SERVER_URL: "http://127.0.0.1:1" }, "ringcentral", 5],
    ];
    for (const [env, source, code] of wrong) {
      const tried = await callreel(["setup", "-s", source], env);
      expect([env, tried.code, tried.out]).toEqual([env, code, ""]);
      expect(tried.err).toMatch(/FAILED[\s\S]*Nothing was kept\.\n$/);
    }
    expect(readFileSync(settingsFile(), "utf8")).toBe(before);
    expect(existsSync(secretsFile())).toBe(false);
  });

  it("forgets the session that a setup opened whose checks then fail", async () => {
    await using world = await account();
    world.rc.settings.withheldPermissions.push("ReadCallRecording");
    expect((await callreel(["setup"], world.rc.env)).code).toBe(7);
    const { openSqlite } = await import("../../src/platform/sqlite.ts");
    const state = openSqlite(join(home, "s", "callreel", "ringcentral.db"));
    expect(state.prepare("SELECT name FROM documents WHERE name LIKE 'token:%' OR name LIKE 'login:%'").all()).toEqual(
      [],
    );
    state.close();
  });

  it("tries a row of TIM's table, and keeps the other system's login in a profile that has one", async () => {
    await using rc = await account();
    await using tim = await openTimWorld(3);
    await callreel(["setup"], rc.rc.env);
    const { code, out, err } = await callreel(["setup", "-s", "TIM", "--rows", tim.csv], tim.tim.env);
    expect([code, out]).toEqual([0, `callreel download -s tim --rows ${tim.csv} -n\n`]);
    expect(err).toMatch(/ok +TIM token[\s\S]*ok +Echo/);
    expect(profiles().default).toMatchObject({
      "client-id": rc.rc.env.RC_APP_CLIENT_ID,
      "tim-url": tim.tim.env.TIM_URL,
      "tim-user": tim.tim.env.TIM_USERNAME,
    });
    expect((await callreel(["doctor"])).code).toBe(0);
  });

  it("says which variables will win over what it kept", async () => {
    await using world = await account();
    const { RC_APP_CLIENT_ID = "", ...env } = world.rc.env;
    const other = { ...env, RC_APP_CLIENT_ID: "another", CALLREEL_REDIRECT_PORT: "8710" };
    const { code, err } = await callreel(["setup", "--client-id", RC_APP_CLIENT_ID], other);
    expect([code, err]).toEqual([0, expect.stringMatching(/warning: RC_APP_CLIENT_ID is set to something else/)]);
    expect(err.match(/something else/g)).toHaveLength(1);
  });

  it("does not go on from a settings file that is broken", async () => {
    await callreel(["config", "set", "transfers", "7"]);
    writeFileSync(settingsFile(), "{ not json");
    expect(await callreel(["setup"])).toMatchObject({ code: 2, err: expect.stringContaining(settingsFile()) });
  });
});
