import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openRingCentralWorld, quickBudget } from "../e2e/ringcentral-world.ts";
import { eventsOf, finishedIn, openTimWorld } from "../e2e/tim-world.ts";
import { testIo } from "../helpers/test-io.ts";

/** The program in this process: the same `main` that the bin runs, over streams that are kept. */
async function callreel(args: string[], env: Record<string, string>, input: string | Buffer = "") {
  const io = testIo(env, input);
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

it("an archive of TIM: downloaded, listed, verified, reconciled, explained, purged", async () => {
  await using world = await openTimWorld(30);
  const { env, csv, archive, tim } = world;
  const total = tim.recordings().length;
  const dest = ["-d", archive];

  const survey = await callreel(["download", "--rows", csv, ...dest, "-n"], env);
  expect([survey.code, survey.out]).toEqual([0, expect.stringContaining(`${total} recordings to download`)]);
  const fetched = await callreel(["download", "--rows", csv, ...dest, "--write-info-json", "--progress", "plain"], env);
  expect([fetched.code, fetched.err]).toEqual([0, expect.stringContaining(`${total} recordings`)]);
  expect(finishedIn(archive).length).toBe(total);

  const listed = await callreel(["list", "--rows", csv], env);
  expect(listed.out.split("\n").filter((line) => line.includes("tim/")).length).toBe(total);
  const catalogue = await callreel(["list", "--archive", ...dest, "--csv"], env);
  expect(catalogue.out.trim().split("\r\n").length).toBe(total + 1);
  const lines = await callreel(["list", "--archive", ...dest, "--json"], env);
  expect(eventsOf(lines.out).length).toBe(total);

  expect(await callreel(["verify", ...dest], env)).toMatchObject({
    code: 0,
    err: expect.stringContaining("all unchanged"),
  });
  expect((await callreel(["reconcile", "--rows", csv, ...dest], env)).code).toBe(0);
  const status = await callreel(["status", ...dest], env);
  expect(status.out).toContain(`${total} recordings held`);

  const id = tim.recordings()[0]?.voicefilename as string;
  expect((await callreel(["status", id, ...dest], env)).out).toContain("downloaded");
  const tried = await callreel(["purge", id, ...dest], env);
  expect([tried.code, finishedIn(archive).length]).toEqual([0, total]);
  const strict = { ...env, CALLREEL_AUDIT_REASON: "required" };
  for (const refused of [
    ["purge", id, "--yes"],
    ["export", "--bagit", `${archive}-bag`],
  ]) {
    const { code, err } = await callreel([...refused, ...dest], strict);
    expect([code, err, finishedIn(archive).length]).toEqual([2, expect.stringContaining("--reason TEXT"), total]);
  }
  expect((await callreel(["purge", id, ...dest, "--yes", "--reason", "asked to"], strict)).code).toBe(0);
  expect(finishedIn(archive).length).toBe(total - 1);
  expect((await callreel(["status", id, ...dest], env)).out).toContain("purged");
  const again = await callreel(["download", "--rows", csv, ...dest, "--json"], env);
  expect(eventsOf(again.out).at(-1)).toMatchObject({ event: "run-finished", done: 0, exitCode: 0 });

  rmSync(finishedIn(archive)[0] as string);
  const damaged = await callreel(["verify", ...dest, "--json"], env);
  expect([damaged.code, eventsOf(damaged.out)]).toEqual([
    6,
    [
      expect.objectContaining({ kind: "missing" }),
      expect.objectContaining({ event: "verify-finished", differences: 1 }),
    ],
  ]);
});

it("a RingCentral login: examined, used, shared by two profiles, ended", async () => {
  const data = { recordings: 20, layout: "plain" as const, days: 3, seconds: [2, 4] as const };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(40) } });
  const { env, archive, rc } = world;

  const doctor = await callreel(["doctor", "-s", "ringcentral", "-d", archive], env);
  expect([doctor.code, doctor.out]).toEqual([0, expect.stringContaining("All checks passed.")]);
  expect(doctor.out).toContain("proxy: none is set");
  const proxied = await callreel(["doctor", "-s", "tim", "-d", archive], {
    HOME: world.home,
    HTTPS_PROXY: "http://user:pw@proxy:3128",
  });
  expect([proxied.code, proxied.out]).toEqual([7, expect.stringContaining("proxy: proxy:3128")]);
  const who = await callreel(["auth", "status", "ringcentral"], env);
  expect(who.out).toContain("ReadCallRecording");

  const { RC_SERVER_URL, RC_MEDIA_URL } = env;
  for (const profile of ["a", "b"]) {
    await callreel(["config", "set", "--profile", profile, "server", RC_SERVER_URL as string], env);
    await callreel(["config", "set", "--profile", profile, "media-server", RC_MEDIA_URL as string], env);
  }
  const args = ["download", "-s", "ringcentral", "--from", "10d", "-d", archive, "--profile", "a", "--profile", "b"];
  const fetched = await callreel([...args, "--progress", "none"], env);
  expect([fetched.code, fetched.err]).toEqual([0, expect.anything()]);
  expect(world.held().size).toBe(20);
  expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0 });

  const since = await callreel(["download", "-s", "ringcentral", "--since", "last", "-d", archive, "--json"], env);
  expect(eventsOf(since.out).at(-1)).toMatchObject({ done: 0, exitCode: 0 });
  expect((await callreel(["auth", "logout", "ringcentral"], env)).code).toBe(0);
});

it("says what is wrong with how it was called", async () => {
  await using world = await openTimWorld(3);
  const { env, home, csv } = world;
  const wrong: [string[], number, RegExp][] = [
    [["auth", "login", "zoom"], 2, /ringcentral or tim/],
    [["auth", "login", "tim"], 2, /cannot be asked without a terminal/],
    [["auth", "login", "ringcentral"], 2, /client id/],
    [["completion", "tcsh"], 2, /bash, zsh or fish/],
    [["status", "-d", join(home, "none")], 2, /no archive/],
    [["purge", "-d", home], 2, /which recordings/],
    [["verify", "-d", home, "--read-data-subset", "8/7"], 2, /1\/7/],
    [["download", "--rows", csv, "--from", "2026-02-01", "--to", "2026-01-01"], 2, /--from is not before --to/],
    [["download", "--rows", csv, "--timezone", "Mars"], 2, /IANA/],
    [["download", "--rows", csv, "--database", "sqlite:x"], 2, /cannot be used together/],
    [["download", "--rows", csv, "-o", "{colour}.wav"], 2, /colour/],
    [["download", "not-an-id", "-s", "tim"], 2, /permanent path/],
  ];
  for (const [args, code, says] of wrong) {
    const { code: got, err } = await callreel(args, env);
    expect([args, got, err]).toEqual([args, code, expect.stringMatching(says)]);
  }
});

it("logs in to TIM only with what TIM takes, and forgets it again", async () => {
  await using world = await openTimWorld(3);
  const { env } = world;
  expect((await callreel(["auth", "status", "tim"], env)).code).toBe(0);
  expect((await callreel(["auth", "status", "tim"], { ...env, TIM_PASSWORD: "no" })).code).toBe(7);
  expect((await callreel(["auth", "logout", "tim"], env)).err).toContain("is deleted from");
});

it("reads a database and a log file is kept beside it", async () => {
  await using world = await openTimWorld(10);
  const { env, archive, home, tim } = world;
  const { openSqlite } = await import("../../src/platform/sqlite.ts");
  const database = openSqlite(join(home, "calls.db"));
  database.exec("CREATE TABLE calls (datasource, voicelocation, voicefilename)");
  const insert = database.prepare("INSERT INTO calls VALUES (?, ?, ?)");
  for (const call of tim.recordings()) insert.run(call.datasource, call.voicelocation, call.voicefilename);
  database.close();
  const log = join(home, "run.log");
  const args = ["download", "-s", "tim", "--database", `sqlite:${join(home, "calls.db")}`, "-d", archive];
  const fetched = await callreel([...args, "--log-file", log, "-vv", "--error-file", join(home, "errors.ndjson")], env);
  expect([fetched.code, fetched.err]).toEqual([0, expect.anything()]);
  expect(finishedIn(archive).length).toBe(tim.recordings().length);
});

it("writes one recording to stdout and runs a command after each file", async () => {
  await using world = await openTimWorld(6);
  const { env, archive, home, tim, csv } = world;
  const call = tim.recordings()[0] as (typeof tim)["recordings"] extends () => readonly (infer C)[] ? C : never;
  const path = `/r/tim/${[call.datasource, call.voicelocation, call.voicefilename].map(encodeURIComponent).join("/")}`;
  const piped = await callreel(["download", path, "-o", "-"], env);
  expect(piped.code).toBe(0);
  writeFileSync(join(home, "note.sh"), 'echo "$CALLREEL_HOOK_KEY" >> "$1"\n');
  const noted = join(home, "noted");
  const run = [
    "download",
    "--rows",
    csv,
    "-d",
    archive,
    "--limit-rate",
    "50M",
    "--exec",
    `sh ${home}/note.sh ${noted}`,
  ];
  expect((await callreel(run, env)).code).toBe(0);
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(noted, "utf8").trim().split("\n").length).toBe(tim.recordings().length);
});
