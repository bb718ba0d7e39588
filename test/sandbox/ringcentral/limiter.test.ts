import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { openLimiter } from "../../../src/sandbox/ringcentral/limiter.ts";
import { clientOf, codeOf } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox();
  client = clientOf(sandbox);
  await client.login();
});
afterEach(() => sandbox.close());

const list = () => client.get("/call-log?perPage=1");
async function spend(requests: number) {
  for (let index = 0; index < requests; index++) await (await list()).text();
}

describe("the rate limiter", () => {
  it("counts ten heavy requests a minute, lists and content together, and says what remains", async () => {
    const first = await list();
    expect(first.headers.get("x-rate-limit-group")).toBe("heavy");
    expect(first.headers.get("x-rate-limit-limit")).toBe("10");
    expect(first.headers.get("x-rate-limit-remaining")).toBe("9");
    expect(first.headers.get("x-rate-limit-window")).toBe("60");
    const content = await client.content(sandbox.recordings()[0]!.id);
    expect(content.headers.get("x-rate-limit-remaining")).toBe("8");
    await spend(8);
    const eleventh = await list();
    expect([eleventh.status, eleventh.headers.get("retry-after"), await codeOf(eleventh)]).toEqual([
      429,
      "60",
      "CMN-301",
    ]);
    expect(eleventh.headers.get("x-rate-limit-remaining")).toBe("0");
  });

  it("slides: requests older than the window count no more", async () => {
    await spend(5);
    sandbox.clock.advance(40_000);
    await spend(5);
    sandbox.clock.advance(21_000);
    expect((await list()).headers.get("x-rate-limit-remaining")).toBe("4");
  });

  it("starts the penalty afresh with each request inside it, and counts those", async () => {
    await spend(11);
    sandbox.clock.advance(50_000);
    expect((await list()).status).toBe(429);
    sandbox.clock.advance(50_000);
    expect((await list()).status).toBe(429);
    expect(sandbox.stats()).toMatchObject({ penalties: 3, violations: 2 });
    sandbox.clock.advance(60_001);
    expect((await list()).status).toBe(200);
  });

  it("keeps users and groups apart", async () => {
    await spend(11);
    expect((await client.get("/call-recording")).status).toBe(200);
    await client.login(sandbox.users[1]!.jwt);
    expect((await client.get("/extension/~/call-log")).status).toBe(200);
  });

  it("can be silent about Retry-After and the group, be somebody else's limit, and be raised", async () => {
    sandbox.settings.limits.retryAfter = false;
    sandbox.settings.limits.headers = false;
    await spend(10);
    const silent = await list();
    expect(silent.status).toBe(429);
    expect(silent.headers.get("retry-after")).toBeNull();
    expect(silent.headers.get("x-rate-limit-group")).toBeNull();
    sandbox.settings.limits.headers = true;
    sandbox.settings.limits.code = "CMN-310";
    const global = await list();
    expect([await codeOf(global), global.headers.get("x-rate-limit-group")]).toEqual(["CMN-310", null]);
    sandbox.settings.limits.heavy = { limit: 100, windowSeconds: 300, penaltySeconds: 30 };
    sandbox.clock.advance(60_001);
    expect((await list()).headers.get("x-rate-limit-limit")).toBe("100");
  });

  it("forgets everything when told to, and what lies behind in long runs", async () => {
    await spend(11);
    await client.control({ resetLimits: true });
    expect((await list()).status).toBe(200);
    const limiter = openLimiter(sandbox.clock);
    const minute = { limit: 5_000, windowSeconds: 60, penaltySeconds: 60 };
    for (let index = 0; index < 5_000; index++) limiter.rule("me", "heavy", minute);
    sandbox.clock.advance(60_001);
    expect(limiter.rule("me", "heavy", minute)).toMatchObject({ allowed: true, remaining: 4_999 });
  });

  it("can count content in another group", async () => {
    sandbox.settings.limits.contentGroup = "medium";
    const answer = await client.content(sandbox.recordings()[0]!.id);
    expect(answer.headers.get("x-rate-limit-group")).toBe("medium");
    expect(sandbox.stats().groups.heavy).toBe(0);
  });

  it("can refuse a second request for the same URL while the first runs", async () => {
    sandbox.settings.limits.refuseDuplicates = true;
    sandbox.settings.faults.push({ route: "call-log", kind: "delay", ms: 100, times: 1 });
    const [first, second] = await Promise.all([list(), list()]);
    const codes = [first, second].map(({ status }) => status).toSorted();
    expect(codes).toEqual([200, 429]);
    expect((await list()).status).toBe(200);
  });
});
