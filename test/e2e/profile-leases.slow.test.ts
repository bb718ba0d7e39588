import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";

const accounts = 20;
const dayMs = 86_400_000;
const today = Math.floor(Date.now() / dayMs) * dayMs;

describeOnPostgres("profiles of many accounts on two machines", (server) => {
  const worlds: RingCentralWorld[] = [];
  beforeAll(async () => {
    for (let at = 0; at < accounts; at++) worlds.push(await openRingCentralWorld(account()));
  });
  afterAll(async () => {
    for (const world of worlds) await world[Symbol.asyncDispose]();
  });

  /** Two recordings a day; each account's profile has a day of its own, for in every sandbox they have the same ids. */
  function account() {
    const data = { recordings: 2 * accounts, layout: "plain", days: accounts, endMs: today } as const;
    return { data, settings: { limits: quickBudget(3) } };
  }

  function machine(home: string, archive: string) {
    const file = (name: string, text: string) => {
      writeFileSync(join(home, name), text);
      return join(home, name);
    };
    mkdirSync(home);
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const profiles = worlds.map(({ rc }, at) => [
      `account${at}`,
      {
        server: rc.env.RC_SERVER_URL,
        "media-server": rc.mediaUrl,
        "client-id": rc.env.RC_APP_CLIENT_ID,
        "client-secret-file": file(`secret${at}`, rc.env.RC_APP_CLIENT_SECRET),
        "jwt-file": file(`jwt${at}`, at === 7 ? "e30.e30.wrong" : rc.env.RC_USER_JWT),
        from: day(today - (accounts - at) * dayMs),
        to: day(today - (accounts - at - 1) * dayMs),
        timezone: "UTC",
      },
    ]);
    const config = file("settings.json", JSON.stringify({ profiles: Object.fromEntries(profiles) }));
    const env = {
      HOME: home,
      XDG_STATE_HOME: join(home, "state"),
      CALLREEL_LEDGER: server.url,
      CALLREEL_LEDGER_PASSWORD: server.password,
      CALLREEL_TOKEN_KEY: "ab".repeat(32),
    };
    const named = profiles.flatMap(([name]) => ["--profile", name as string]);
    const what = ["-s", "ringcentral", "--each-profile", "--json", "-d", archive];
    return run(["download", "--config", config, ...named, ...what], { env, cwd: home });
  }

  it("are each one machine's at a time, spread by themselves, and a refused login stops alone", async () => {
    using folder = openTempFolder();
    const archive = join(folder.path, "recordings");
    const ended = await Promise.all(["one", "other"].map((name) => machine(join(folder.path, name), archive)));

    for (const { code, err } of ended) expect(code, err).toBe(7);
    expect(finishedIn(archive)).toHaveLength(2 * (accounts - 1));
    for (const { rc } of worlds) expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0 });

    const runs = ended.map(({ out }) => timesOf(out));
    for (const { length } of runs) expect(length).toBeGreaterThan(2);
    for (const mine of runs[0]!) {
      for (const theirs of runs[1]!.filter(({ profile }) => profile === mine.profile)) {
        expect(mine.to < theirs.from || theirs.to < mine.from, JSON.stringify([mine, theirs])).toBe(true);
      }
    }
    for (const { err } of ended) {
      expect(err.match(/profile account\d+: complete/g)).toHaveLength(accounts - 1);
      expect(err).toMatch(/profile account7: exit 7/);
    }
  });

  function timesOf(out: string) {
    const events = eventsOf(out);
    return events
      .filter(({ event }) => event === "run-started")
      .map(({ profile, time, runId }) => {
        const at = events.findIndex((each) => each.runId === runId);
        const end = events.slice(at).find(({ event }) => event === "run-finished");
        return { profile, from: Date.parse(time as string), to: Date.parse(end?.time as string) };
      });
  }
});
