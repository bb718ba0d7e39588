import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";

const all = ["download", "-s", "ringcentral", "--from", "40d"];

describe("the live call log", () => {
  it("arrives byte-exact without a single 429; again, no audio is asked for", async () => {
    await using world = await openRingCentralWorld({ settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const first = await run([...all, "-d", archive, "--json"], { env });
    expect([first.code, first.err]).toEqual([0, expect.anything()]);
    expect(world.held().size).toBe(new Set(rc.recordings().map(({ id }) => id)).size);
    expect(rc.stats()).toMatchObject({
      penalties: 0,
      violations: 0,
      tokensInUrls: 0,
      foreignAuthorization: 0,
      tokenRequests: 1,
    });
    const before = Object.values(rc.stats().downloads).reduce((sum, each) => sum + each.started, 0);
    const second = await run([...all, "-d", archive, "--json"], { env });
    expect(second.code).toBe(0);
    const after = Object.values(rc.stats().downloads).reduce((sum, each) => sum + each.started, 0);
    expect(after).toBe(before);
    expect(rc.stats().tokenRequests).toBe(1);
    expect(eventsOf(second.out).at(-1)).toMatchObject({ event: "run-finished", done: 0, exitCode: 0 });
  });

  it("spends the budget of two processes with one login together, and hardly earns a 429", async () => {
    const data = { recordings: 60, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(50, 5) } });
    const { rc, env, home } = world;
    const one = start([...all, "-d", `${home}/one`, "--json"], { env });
    const two = start([...all, "-d", `${home}/two`, "--json"], { env });
    const codes = (await Promise.all([one.finished, two.finished])).map(({ code }) => code);
    expect(codes).toEqual([0, 0]);
    expect(rc.stats()).toMatchObject({ tokenRequests: 1, tokenRequestsAtOnce: { most: 1 } });
    // A machine that stalls for longer than the window can make one request come too early.
    expect(rc.stats().penalties).toBeLessThanOrEqual(1);
  });

  it("goes on after a limit that was cut without notice, and all arrives", async () => {
    const data = { recordings: 24, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive } = world;
    const running = start([...all, "-d", archive, "--json"], { env });
    await until(() => running.out().includes("recording-done"), "the first recording");
    rc.settings.limits.heavy.limit = 3;
    const finished = await running.finished;
    expect(finished.code).toBe(0);
    expect(world.held().size).toBe(24);
  });

  it("goes into folders of its people, whose names one run reads for the next", async () => {
    const data = { recordings: 6, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive, home } = world;
    const byPerson = ["-o", "{user}/{extension}/{id}.{ext}", "--json"];
    expect((await runHere([...all, "-d", archive, ...byPerson], { env })).code).toBe(0);
    const people = new Set(readdirSync(archive).filter((name) => !name.startsWith(".")));
    expect(people.size).toBeGreaterThan(0);
    for (const person of people) expect(person).toMatch(/^(Ada Admin|Ben Agent|[A-Z]\S+ [A-Z]\S+|Support)$/u);
    const pages = () => rc.stats().groups.medium;
    const before = pages();
    expect((await runHere([...all, "-d", `${home}/again`, ...byPerson], { env })).code).toBe(0);
    expect([before > 0, pages()]).toEqual([true, before]);
  });

  it("has real names also for recordings asked for by id, and takes them where the log is silent", async () => {
    const data = { recordings: 6, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(20) } });
    const { rc, env, archive, home } = world;
    const ids = rc.recordings().map(({ id }) => id);
    expect((await runHere(["download", ...ids.slice(0, 3), "-s", "ringcentral", "-d", archive], { env })).code).toBe(0);
    expect(finishedIn(archive).filter((path) => /unknown_unknown/.test(path))).toEqual([]);
    expect(world.held().size).toBe(3);
    expect(rc.stats().groups.heavy).toBe(4);
    rc.settings.withheldPermissions = ["FullCompanyCallLog", "ReadCompanyCallLog", "ReadCallLog"];
    const other = join(home, "other");
    expect((await runHere(["download", ids[3]!, "-s", "ringcentral", "-d", other], { env })).code).toBe(0);
    expect(finishedIn(other)).toHaveLength(1);
  });

  it("survives tokens that live three seconds", async () => {
    const data = { recordings: 30, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
    await using world = await openRingCentralWorld({
      data,
      settings: { limits: quickBudget(6), tokens: { accessSeconds: 3 } },
    });
    const { env, archive } = world;
    const finished = await runHere([...all, "-d", archive], { env });
    expect([finished.code, finished.err]).toEqual([0, expect.anything()]);
    expect(world.held().size).toBe(30);
  });

  it("takes ids and contentUris one by one, and 4 says that one is not there", async () => {
    await using world = await openRingCentralWorld({ settings: { limits: quickBudget(50) } });
    const { rc, env, archive } = world;
    const id = rc.recordings().at(-1)?.id as string;
    const uri = `${rc.mediaUrl}/restapi/v1.0/account/~/recording/${id}/content`;
    expect((await runHere(["download", uri, "-d", archive], { env })).code).toBe(0);
    expect(world.held()).toEqual(new Set([id]));
    const piped = await run(["download", id, "-o", "-"], { env });
    expect(piped.stdout.equals(rc.audioOf(id))).toBe(true);
    const missing = await runHere(["download", "99999999999", "-d", archive], { env });
    expect(missing.code).toBe(4);
  });
});

describe("a login that does not work", () => {
  it("ends with 7 and two token requests at most", async () => {
    await using world = await openRingCentralWorld({});
    const { rc, env, archive } = world;
    const wrong = { ...env, RC_APP_CLIENT_ID: "nobody" };
    const finished = await runHere([...all, "-d", archive], { env: wrong });
    expect(finished.code).toBe(7);
    expect(rc.stats().tokenRequests).toBeLessThanOrEqual(2);
    expect(finished.err).toMatch(/client/i);
  });
});

describe("a media host that cannot be reached", () => {
  it("ends the run with 5: what was never sent costs nothing of the budget", async () => {
    await using world = await openRingCentralWorld({ data: { recordings: 1 } });
    const { rc, env, archive, home } = world;
    const media = "http://127.0.0.1:1";
    const rows = Array.from({ length: 40 }, (_, at) => ({
      id: `call${at}`,
      startTime: "2026-03-02T10:00:00.000Z",
      recording: { id: `${at}`, contentUri: `${media}/restapi/v1.0/account/~/recording/${at}/content` },
    }));
    const file = join(home, "rows.json");
    writeFileSync(file, JSON.stringify(rows));
    const finished = await runHere(["download", "-s", "ringcentral", "--rows", file, "-d", archive], {
      env: { ...env, RC_MEDIA_URL: media },
    });
    expect([finished.code, finished.err]).toEqual([
      5,
      expect.stringMatching(/could not reach the server|connection refused/),
    ]);
    expect(finished.err).not.toContain("rate limit");
    expect(rc.stats().tokenRequests).toBe(1);
  });
});

describe("a listing that fails", () => {
  it("is never taken for a short list: exit 5", async () => {
    const data = { recordings: 300, layout: "plain" as const, days: 1, seconds: [2, 3] as const };
    await using world = await openRingCentralWorld({
      data,
      settings: { limits: quickBudget(100), callLog: { maxPerPageDetailed: 100 } },
    });
    const { rc, env, archive } = world;
    rc.settings.faults = [{ route: "call-log", kind: "status", status: 500, skip: 2 }];
    const finished = await runHere([...all, "-d", archive, "--retries", "1"], { env });
    expect(finished.code).toBe(5);
  });
});
