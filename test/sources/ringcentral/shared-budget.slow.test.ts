import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { Link } from "../../../src/core/model/recording.ts";
import { openPostgresLedger } from "../../../src/ledgers/postgres/postgres-ledger.ts";
import { openPostgresDatabase } from "../../../src/platform/postgres.ts";
import { openSharedTokenStore, tokenKey } from "../../../src/sources/ringcentral/auth/shared-tokens.ts";
import { openRingCentral, openSharedState } from "../../../src/sources/ringcentral/index.ts";
import { openBudgetStore } from "../../../src/sources/ringcentral/rate-limiter/budget-store.ts";
import { openSharedBudgetStore } from "../../../src/sources/ringcentral/rate-limiter/shared-budget-store.ts";
import { leaseFence, openSharedLease } from "../../../src/sources/ringcentral/shared-lease.ts";
import { openState } from "../../../src/sources/ringcentral/state.ts";
import { describeOnPostgres } from "../../helpers/shared-postgres.ts";
import { openFake, refusedToken } from "./fake.ts";
import { never, openWorld, realClock, type World } from "./world.ts";

describeOnPostgres("a budget in PostgreSQL", (server) => {
  const shared = async () =>
    openSharedState(await openPostgresDatabase(server.url, { flag: "--ledger", password: server.password }));

  const asking = (kind: string, permitId: string) => ({ kind, owner: "me", permitId, ratePerMinute: undefined });
  const answer = (kind: string, permitId: string, status: number) => ({
    kind,
    permitId,
    sent: 1,
    keepOpen: false,
    status,
    rate: {},
    retryAfterMs: undefined,
    ratePerMinute: undefined,
  });

  it.each(["SQLite", "PostgreSQL"])("keeps the contract of every budget, over %s", async (kind) => {
    await using world = openWorld({ server: "https://x.example", mediaServer: "https://x.example" });
    using state = openState(world.stateDir);
    await using database = await shared();
    const open = () =>
      kind === "SQLite" ? openBudgetStore(state, "c", realClock) : openSharedBudgetStore(database, "c", realClock);
    const [one, other] = [open(), open()];

    expect(await one.take(asking("audio", "p1"))).toMatchObject({ id: "p1", count: 1, open: true });
    expect(await other.take(asking("audio", "p2"))).toMatchObject({ reason: "the previous answer" });
    await one.observeResponse(answer("audio", "p1", 200));
    expect(await other.take(asking("audio", "p2"))).toMatchObject({ id: "p2" });
    expect(other.used("audio")).toBe(2);
    expect(other.allowance({ kind: "audio", ratePerMinute: undefined })).toEqual({ limit: 10, windowMs: 60_000 });

    await other.observeResponse(answer("audio", "p2", 429));
    const step = await one.take(asking("list", "p3"));
    expect(step).toMatchObject({ reason: expect.stringContaining("429") });
    expect("untilMs" in step && step.untilMs - Date.now()).toBeGreaterThan(30_000);

    expect([await one.beginLogin("a"), await other.beginLogin("b")]).toEqual([true, false]);
    await one.beat(["a"]);
    await one.endLogin("a");
    expect(await other.beginLogin("b")).toBe(true);
  });

  it("makes its table beside ledgers that make theirs in the same moment", async () => {
    const use = async () => {
      await using database = await shared();
      expect(await database.read("nothing")).toBe(undefined);
    };
    const record = async () => {
      await using ledger = await openPostgresLedger(server.url, {
        clock: realClock,
        pid: 1,
        password: server.password,
      });
      expect(await ledger.entry?.("tim/none")).toBe(undefined);
    };
    for (let time = 0; time < 5; time += 1) {
      await server.run("DROP SCHEMA IF EXISTS callreel CASCADE");
      await Promise.all([use(), record(), use(), record(), use(), record()]);
    }
  });

  it("writes at a refusal once that somebody waits, and then nothing", async () => {
    await using database = await shared();
    const store = openSharedBudgetStore(database, "quiet", realClock);
    await store.take(asking("audio", "p1"));
    expect(await store.take({ ...asking("audio", "p2"), owner: "you" })).not.toHaveProperty("count");
    const before = await database.read("budget:quiet");
    expect(await store.take({ ...asking("audio", "p3"), owner: "you" })).not.toHaveProperty("count");
    expect(await database.read("budget:quiet")).toBe(before);
    expect(await store.beginLogin("a")).toBe(true);
    const held = await database.read("budget:quiet");
    expect(await store.beginLogin("b")).toBe(false);
    expect(await database.read("budget:quiet")).toBe(held);
  });

  it("gives a machine that waits the next turn, and wakes it", async () => {
    await using one = await shared();
    await using other = await shared();
    const [mine, yours] = [one, other].map((state) => openSharedBudgetStore(state, "turns", realClock));
    const woken = new Promise<void>((resolve) => yours!.onWake!(resolve));
    const me = (id: string) => mine!.take(asking("audio", id));
    const you = (id: string) => yours!.take({ ...asking("audio", id), owner: "you" });
    await me("p1");
    expect(await you("p2")).not.toHaveProperty("count");
    await mine!.observeResponse(answer("audio", "p1", 200));
    await woken;
    expect(await me("p3")).toMatchObject({ reason: "another process's turn" });
    expect(await you("p4")).toMatchObject({ id: "p4" });
    await yours!.observeResponse(answer("audio", "p4", 200));
    expect(await me("p5")).toMatchObject({ id: "p5" });
  });

  it("counts a permit once whose commit was not answered, and lets its owner log in again", async () => {
    await using database = await shared();
    const store = openSharedBudgetStore(database, "twice", realClock);
    await store.take(asking("audio", "p1"));
    expect(await store.take(asking("audio", "p1"))).toMatchObject({ id: "p1" });
    expect(store.used("audio")).toBe(1);
    expect([await store.beginLogin("a"), await store.beginLogin("a")]).toEqual([true, true]);
  });

  it("leases a login to one machine at a time, and lets nothing through for one that lost it", async () => {
    await using database = await shared();
    const lease = (owner: string) => openSharedLease(database, "leased", { owner, host: owner, forMs: 60_000 });
    const [mine, yours] = [lease("me"), lease("you")];
    const runOut = () =>
      database.update(mine.name, (text) => ({
        text: JSON.stringify({ ...JSON.parse(text!), untilMs: 1 }),
        result: undefined,
      }));
    const store = openSharedBudgetStore(database, "leased", realClock, leaseFence("leased", "me"));
    expect(await mine.take()).toHaveProperty("nowMs");
    expect(await yours.take()).toEqual({ heldBy: "me" });
    expect(await store.take(asking("audio", "p1"))).toMatchObject({ id: "p1" });

    await runOut();
    expect(await mine.renew()).toBe(true);
    expect(await yours.take()).toEqual({ heldBy: "me" });
    await runOut();
    expect(await yours.take()).toHaveProperty("nowMs");
    expect([await mine.renew(), await yours.renew()]).toEqual([false, true]);
    await expect(store.take(asking("audio", "p2"))).rejects.toMatchObject({ code: "locked", verdict: "stop" });
    await expect(store.beginLogin("me")).rejects.toMatchObject({ code: "locked" });
    await store.observeResponse(answer("audio", "p1", 429));

    await mine.release();
    expect(await lease("third").take()).toEqual({ heldBy: "you" });
    const woken = new Promise<void>((resolve) => database.onWake(mine.name, resolve));
    await yours.release();
    await woken;
    expect(await lease("third").take()).toHaveProperty("nowMs");
  });

  it("is one for machines with homes of their own, and so is the session, which nobody can read there", async () => {
    await using fake = await openFake({ limit: 12, windowMs: 3_600_000 });
    const key = randomBytes(32);
    const machine = async (tokenKeyOfIt = key) => {
      const world = openWorld({ server: fake.origin, mediaServer: fake.origin });
      const state = await shared();
      const source = openRingCentral(world.settings, { ...world.context, shared: { state, tokenKey: tokenKeyOfIt } });
      return { world, source };
    };
    const fleet = await Promise.all([machine(), machine(), machine()]);
    const ending = new AbortController();
    const fetched = await Promise.all(
      fleet.map(async ({ world, source }) => {
        let count = 0;
        for (; count < 12; count++) if (!(await fetchOne(world, source, ending.signal))) break;
        return count;
      }),
    );
    async function fetchOne(world: World, source: (typeof fleet)[0]["source"], signal: AbortSignal) {
      const link = await source.link(source.named("1000")!, undefined, signal).catch(() => undefined);
      if (link === undefined) return false;
      const got = await world.http.request({ url: link.url, headers: link.headers }, never);
      link.answered?.(got);
      if (fake.counted.length === 12) ending.abort();
      return true;
    }
    expect(fetched.reduce((a, b) => a + b)).toBe(12);
    expect(fake.refusals).toEqual({ limited: 0, insidePenalty: 0 });
    expect(fake.tokenRequests()).toHaveLength(1);

    await using database = await openPostgresDatabase(server.url, { flag: "--ledger", password: server.password });
    const rows = await database.transaction((sql) =>
      sql.rows<{ name: string; text: string }>("SELECT * FROM callreel.shared"),
    );
    expect(rows.some(({ name }) => name.startsWith("token:"))).toBe(true);
    expect(JSON.stringify(rows)).not.toContain("token-1");

    for (const { world, source } of fleet) {
      await source[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    }
  });

  it("gives every refresh token to one machine, once, and loses none", async () => {
    await using fake = await openFake();
    const used: string[] = [];
    let made = 0;
    let alive = "";
    fake.settings.answer = ({ path, body, headers }) => {
      if (!path.endsWith("/token")) {
        const answer = headers.authorization === alive ? { body: "audio" } : refusedToken();
        return { ...answer, headers: muchAllowed };
      }
      const given = new URLSearchParams(body).get("refresh_token");
      if (given !== null) used.push(given);
      made += 1;
      alive = `Bearer token-${made}`;
      const lasting = { refresh_token: `refresh-${made}`, refresh_token_expires_in: 600_000 };
      return { body: { access_token: `token-${made}`, expires_in: 3600, owner_id: "101", ...lasting } };
    };
    const tokenKeyOfAll = randomBytes(32);
    const machine = async () => {
      const world = openWorld({ server: fake.origin, mediaServer: fake.origin });
      const given = { state: await shared(), tokenKey: tokenKeyOfAll };
      return { world, source: openRingCentral(world.settings, { ...world.context, shared: given }) };
    };
    const fleet = await Promise.all([machine(), machine(), machine()]);
    const fetchOne = async ({ world, source }: (typeof fleet)[0]) => {
      let failed: Link | undefined;
      for (;;) {
        const link = await source.link(source.named("1000")!, failed, never);
        const got = await world.http.request({ url: link.url, headers: link.headers }, never);
        link.answered?.(got);
        if (got.status === 200) return;
        failed = link;
      }
    };
    for (let turn = 0; turn < 4; turn++) {
      await Promise.all(fleet.map(fetchOne));
      alive = "none";
    }
    expect(used).toEqual(["refresh-1", "refresh-2", "refresh-3"]);
    for (const { world, source } of fleet) {
      await source[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    }
  });

  it("tells a session under another key, or a damaged one, and takes it for none", async () => {
    await using database = await shared();
    const told: string[] = [];
    const open = (key: Buffer, credential = "mine") =>
      openSharedTokenStore(database, credential, key, (message) => told.push(message));
    const key = randomBytes(32);
    const tokens = { accessToken: "secret-token", obtainedMs: 1, expiresMs: 2, scope: "" };
    expect(await open(key).write(tokens, undefined)).toBe(true);
    expect(await open(key).write({ ...tokens, accessToken: "late" }, undefined)).toBe(false);
    expect(await open(key).read()).toEqual(tokens);
    expect(told).toEqual([]);
    expect(await open(randomBytes(32)).read()).toBeUndefined();
    const text = (await database.read("token:mine")) as string;
    const otherwise = text.startsWith("A") ? "B" : "A";
    for (const damaged of ["", "AA==", text.slice(8), `${otherwise}${text.slice(1)}`]) {
      await database.update("token:mine", () => ({ text: damaged, result: undefined }));
      expect(await open(key).read()).toBeUndefined();
    }
    await database.update("token:other", () => ({ text, result: undefined }));
    expect(await open(key, "other").read()).toBeUndefined();
    expect(told).toHaveLength(6);
    expect(told[0]).toContain("Logging in anew");
  });

  it("gives no permit without its database, and then ends as a source that cannot be reached", async () => {
    const options = { flag: "--ledger", password: "x", wasThere: true, patienceMs: 600 };
    const away = openSharedState(await openPostgresDatabase("postgres://callreel@127.0.0.1:1/tim", options));
    const store = openSharedBudgetStore(away, "c", realClock);
    await expect(store.take(asking("audio", "p"))).rejects.toMatchObject({
      code: "unreachable",
      verdict: "stop",
      message: expect.stringContaining("nothing may be sent"),
    });
  });
});

const muchAllowed = {
  "content-type": "audio/mpeg",
  "x-rate-limit-group": "heavy",
  "x-rate-limit-limit": "1000",
  "x-rate-limit-remaining": "999",
  "x-rate-limit-window": "1",
};

it("takes keys of 32 bytes alone, and does not repeat what was none", () => {
  const bytes = randomBytes(32);
  for (const form of ["hex", "base64", "base64url"] as const)
    expect(tokenKey(`${bytes.toString(form)}\n`, "K")).toEqual(bytes);
  for (const text of ["", "secret!", bytes.toString("hex").slice(2), `${bytes.toString("hex")}00`]) {
    expect(() => tokenKey(text, "CALLREEL_TOKEN_KEY")).toThrow(/^CALLREEL_TOKEN_KEY is no key of 32 bytes/);
  }
});
