import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";

const account = () =>
  openRingCentralWorld({
    data: { recordings: 3, layout: "plain", days: 2 },
    settings: { limits: quickBudget(100) },
  });

type Profiles = Record<string, Record<string, unknown>>;

/** Profiles of a settings file of their own, without any login in the environment. */
function given({ home, rc }: RingCentralWorld, profiles: Profiles) {
  const config = join(home, "profiles.json");
  writeFileSync(config, JSON.stringify({ profiles }));
  const env = Object.fromEntries(Object.entries({ HOME: home, XDG_STATE_HOME: join(home, "state") }));
  const names = Object.keys(profiles).flatMap((name) => ["--profile", name]);
  const download = (...args: string[]) =>
    runHere(["download", "--from", "2000-01-01", "--config", config, ...names, ...args], { env, cwd: home });
  return { download, rc };
}

/** A profile that logs in to this account, with an archive of its own. */
function profileOf({ home, rc }: RingCentralWorld, dest: string, changes: Record<string, string> = {}) {
  const file = (name: string, text: string) => {
    const path = join(home, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    source: "ringcentral",
    server: rc.env.RC_SERVER_URL,
    "media-server": rc.mediaUrl,
    "client-id": rc.env.RC_APP_CLIENT_ID,
    "client-secret-file": file(`secret-${dest}`, rc.env.RC_APP_CLIENT_SECRET),
    "jwt-file": file(`jwt-${dest}`, rc.env.RC_USER_JWT),
    dest,
    ...changes,
  };
}

it("downloads every account that has an archive of its own; a refused login stops its profile alone", async () => {
  await using one = await account();
  await using other = await account();
  const wrong = join(one.home, "wrong");
  writeFileSync(wrong, "e30.e30.wrong");
  const { download } = given(one, {
    first: profileOf(one, "a"),
    refused: profileOf(one, "b", { "jwt-file": wrong }),
    last: profileOf(other, "c"),
  });

  const { code, out, err } = await download("--json");

  expect(code, err).toBe(7);
  expect(finishedIn(join(one.home, "a"))).toHaveLength(3);
  expect(finishedIn(join(one.home, "b"))).toHaveLength(0);
  expect(finishedIn(join(one.home, "c"))).toHaveLength(3);
  const started = eventsOf(out).filter(({ event }) => event === "run-started");
  expect(started.map(({ profile }) => profile)).toEqual(expect.arrayContaining(["first", "last"]));
  expect(err).toContain("callreel: profile first: complete\n");
  expect(err).toMatch(/^callreel: profile refused: exit 7/m);
  expect(err).toContain("callreel: profile last: complete\n");
});

it("asks every account for its calls with --each-profile, into one archive too; -q says only what went wrong", async () => {
  await using one = await account();
  await using other = await account();
  const { download } = given(one, { first: profileOf(one, "a"), last: profileOf(other, "a") });
  const { code, out, err } = await download("--each-profile", "--json", "-q");
  expect([code, err]).toEqual([0, ""]);
  const started = eventsOf(out).filter(({ event }) => event === "run-started");
  expect(started.map(({ profile }) => profile)).toEqual(["first", "last"]);
  expect([one, other].map(({ rc }) => rc.stats().tokenRequests)).toEqual([1, 1]);
});

it("refuses what cannot be meant for several accounts, before anything is made", async () => {
  await using one = await account();
  const { download } = given(one, { first: profileOf(one, "a"), last: profileOf(one, "b") });
  const rows = join(one.home, "rows.csv");
  writeFileSync(rows, "id\n1\n");
  for (const args of [
    ["--rows", rows],
    ["--metrics", join(one.home, "m.prom")],
    ["--error-file", join(one.home, "e.ndjson")],
    ["--access-token-file", rows],
  ]) {
    const { code, err } = await download(...args);
    expect([code, err], args.join(" ")).toEqual([2, expect.stringMatching(/^callreel: --/)]);
  }
  expect(existsSync(join(one.home, "a")) || existsSync(join(one.home, "b"))).toBe(false);
});
