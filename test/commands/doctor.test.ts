import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openRingCentralWorld, quickBudget } from "../e2e/ringcentral-world.ts";
import { openTimWorld } from "../e2e/tim-world.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-doctor-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function callreel(args: string[], env: Record<string, string>) {
  const io = testIo({ HOME: home, XDG_CONFIG_HOME: join(home, "c"), XDG_STATE_HOME: join(home, "s"), ...env });
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

it.each([[[]], [["-s", "ringcentral"]], [["--source", "TIM"]]])(
  "ends with 7 where there is no login, and says what makes one: %j",
  async (args) => {
    const { code, out } = await callreel(["doctor", ...args], {});
    expect([code, out]).toEqual([
      7,
      expect.stringMatching(/FAILED.*no login[\s\S]*callreel setup[\s\S]*1 check failed/),
    ]);
  },
);

it("ends as download does where an app is set but nobody is logged in", async () => {
  const data = { recordings: 3, layout: "plain" as const };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(40) } });
  const { RC_USER_JWT: _, ...env } = world.env;
  const asked = await callreel(["doctor", "-s", "RingCentral"], env);
  const fetched = await callreel(["download", "-s", "ringcentral", "--from", "2d", "-d", join(home, "calls")], env);
  expect([asked.code, fetched.code]).toEqual([7, 7]);
  expect(asked.out).toMatch(/FAILED {3}RingCentral: login: There is no RingCentral login/);
});

it("blames client id and secret together, and ends with 7", async () => {
  await using world = await openRingCentralWorld({ data: { recordings: 3, layout: "plain" } });
  const { code, out } = await callreel(["doctor"], { ...world.env, RC_APP_CLIENT_SECRET: "wrong" });
  expect([code, out]).toEqual([7, expect.stringMatching(/OAU-153.*client id and client secret/)]);
});

it("tells a role that may list calls but not hear them, by one real recording", async () => {
  const data = { recordings: 12, layout: "plain" as const, days: 3 };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(40) } });
  const well = await callreel(["doctor", "-s", "ringcentral"], world.env);
  expect([well.code, well.out]).toEqual([0, expect.stringMatching(/one recording: \d+ begins to arrive, as audio/)]);
  world.rc.settings.withheldPermissions.push("ReadCompanyCallRecordings", "ReadCallRecording");
  const { code, out } = await callreel(["doctor", "-s", "ringcentral"], world.env);
  expect(code).toBe(7);
  expect(out).toMatch(/ok +RingCentral: role:/);
  expect(out).toMatch(
    /warning +RingCentral: role for recordings:.*\(ReadCompanyCallRecordings, ReadCompanyCallRecording\)/,
  );
  expect(out).toMatch(/ok +RingCentral: call log/);
  expect(out).toMatch(/FAILED +RingCentral: one recording:/);
});

it("checks the login of each profile, and goes on after one that is not complete", async () => {
  await using world = await openTimWorld(5);
  const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "" } = world.env;
  for (const profile of ["north", "south"])
    await callreel(["config", "set", "--profile", profile, "tim-url", TIM_URL], {});
  await callreel(["config", "set", "--profile", "south", "tim-user", TIM_USERNAME], {});
  const { code, out } = await callreel(["doctor", "--profile", "North", "--profile", "south"], { TIM_PASSWORD });
  expect([code, out]).toEqual([2, expect.stringMatching(/FAILED +north: TIM Enterprise: No TIM user/)]);
  expect(out).toMatch(/ok +south: TIM login:/);
});

it("tries each system with its own rows, where one environment serves both", async () => {
  const data = { recordings: 3, layout: "plain" as const, days: 2 };
  await using rc = await openRingCentralWorld({ data, settings: { limits: quickBudget(40) } });
  await using tim = await openTimWorld(3);
  const env = { ...rc.env, ...tim.env, CALLREEL_ROWS: tim.csv, HOME: home };
  for (const args of [[], ["-s", "ringcentral"], ["-s", "tim"]]) {
    const { code, out } = await callreel(["doctor", ...args], env);
    expect([args, code, out]).toEqual([args, 0, expect.stringContaining("All checks passed.")]);
  }
  expect((await callreel(["setup", "-s", "ringcentral"], env)).code).toBe(0);
});
