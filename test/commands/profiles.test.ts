import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { openRingCentralWorld, quickBudget } from "../e2e/ringcentral-world.ts";
import { eventsOf, openTimWorld } from "../e2e/tim-world.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-profiles-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function callreel(args: string[], env: Record<string, string> = {}) {
  const io = testIo({ HOME: home, XDG_CONFIG_HOME: join(home, "c"), XDG_STATE_HOME: join(home, "s"), ...env });
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

const profiles = (...args: string[]) => callreel(["config", "profiles", ...args]);
const secrets = () => Object.keys(JSON.parse(readFileSync(join(home, "s", "callreel", "secrets.json"), "utf8"))).sort();

function sessions(): unknown[] {
  const state = openSqlite(join(home, "s", "callreel", "ringcentral.db"));
  try {
    return state.prepare("SELECT name FROM documents WHERE name LIKE 'token:%'").all();
  } finally {
    state.close();
  }
}

it("says that there are none yet, and how one is made", async () => {
  expect(await profiles()).toMatchObject({ code: 0, out: "", err: expect.stringContaining("callreel setup") });
  expect(existsSync(join(home, "c", "callreel", "config.json"))).toBe(false);
});

it("lists each account with system, login and archive, and never a secret", async () => {
  await using rc = await openRingCentralWorld({ data: { recordings: 2, layout: "plain", days: 2 } });
  await using tim = await openTimWorld(2);
  expect((await callreel(["setup", "--profile", "emea", "-d", "/srv/emea"], rc.rc.env)).code).toBe(0);
  expect((await callreel(["setup", "-s", "tim", "--profile", "london"], tim.tim.env)).code).toBe(0);
  const { code, out } = await profiles("list");
  expect([code, out.split("\n")[0]]).toEqual([0, expect.stringMatching(/^PROFILE +SYSTEM +LOGIN +ARCHIVE$/)]);
  expect(out).toMatch(/^emea +RingCentral +JWT, app s4nd\S+ +\/srv\/emea$/m);
  expect(out).toMatch(/^london +TIM Enterprise +callreel at http:\S+ +\.\/recordings$/m);
  const json = await profiles("list", "--json");
  expect(eventsOf(json.out)).toEqual([
    expect.objectContaining({ profile: "emea", systems: ["RingCentral"], dest: "/srv/emea" }),
    expect.objectContaining({ profile: "london", systems: ["TIM Enterprise"] }),
  ]);
  const { RC_USER_JWT = "", RC_APP_CLIENT_SECRET = "" } = rc.rc.env;
  for (const secret of [RC_USER_JWT, RC_APP_CLIENT_SECRET, tim.tim.env.TIM_PASSWORD as string]) {
    expect(out + json.out).not.toContain(secret);
  }
});

it("copies a profile that works at once, and deletes one with its secrets and, as the last, its session", async () => {
  const data = { recordings: 2, layout: "plain" as const, days: 2 };
  await using rc = await openRingCentralWorld({ data, settings: { limits: quickBudget(40) } });
  await callreel(["setup", "--profile", "emea"], rc.rc.env);
  expect(await profiles("copy", "EMEA", "Second")).toMatchObject({ code: 0 });
  expect(secrets()).toEqual(["ringcentral:Second", "ringcentral:emea"]);
  expect((await callreel(["auth", "status", "ringcentral", "--profile", "second"])).code).toBe(0);
  expect(sessions().length).toBe(1);
  expect(await profiles("delete", "emea")).toMatchObject({ code: 0, err: expect.stringContaining("emea") });
  expect([secrets(), sessions().length]).toEqual([["ringcentral:Second"], 1]);
  expect((await callreel(["auth", "status", "ringcentral", "--profile", "second"])).code).toBe(0);
  await profiles("delete", "SECOND");
  expect([secrets(), sessions().length, (await profiles()).out]).toEqual([[], 0, ""]);
  expect((await callreel(["doctor", "--profile", "emea"])).code).toBe(2);
});

it.each([
  [["delete", "none"], /no profile "none"/],
  [["copy", "none", "other"], /no profile "none"/],
  [["copy", "work", "WORK"], /a profile "work" already/],
  [["copy", "work", "a/b"], /profile's name/],
  [["copy", "work"], /copy FROM TO/],
  [["delete"], /delete NAME/],
  [["delete", "work", "play"], /delete NAME/],
  [["shuffle"], /copy FROM TO/],
])("refuses %j with 2 and changes nothing", async (args, says) => {
  await callreel(["config", "set", "--profile", "work", "transfers", "8"]);
  const { code, err } = await profiles(...(args as string[]));
  expect([code, err]).toEqual([2, expect.stringMatching(says as RegExp)]);
  expect((await profiles("list", "--json")).out).toContain('"work"');
});

it("deletes a profile whose files of secrets are gone, and says what it cannot tell", async () => {
  await callreel(["config", "set", "--profile", "old", "client-id", "x"]);
  await callreel(["config", "set", "--profile", "old", "jwt-file", join(home, "gone")]);
  expect(await profiles("delete", "old")).toMatchObject({ code: 0, err: expect.stringMatching(/warning: .*gone/) });
  expect((await profiles()).out).toBe("");
});
