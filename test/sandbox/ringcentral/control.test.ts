import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox();
  client = clientOf(sandbox);
  await client.login();
});
afterEach(() => sandbox.close());

const read = async (path: string): Promise<Body> => (await fetch(`${sandbox.apiUrl}/_sandbox/${path}`)).json();

describe("the control endpoint", () => {
  it("changes settings, moves the clock, adds calls and ends sessions from another process", async () => {
    const before = sandbox.clock.now();
    const answer = await client.control({
      settings: {
        limits: { heavy: { limit: 3 } },
        content: { deleted: { every: 2 } },
        faults: [{ route: "content", kind: "empty" }],
      },
      advanceMs: 60_000,
      addCalls: 2,
      endSessions: true,
    });
    const { added }: Body = await answer.json();
    expect(added.length).toBe(2);
    expect(sandbox.audioOf(added[0].recordings[0]).length).toBeGreaterThan(0);
    expect(sandbox.clock.now() - before).toBeGreaterThanOrEqual(60_000);
    expect(sandbox.settings.limits.heavy).toEqual({ limit: 3, windowSeconds: 60, penaltySeconds: 60 });
    expect(sandbox.settings.content.deleted).toEqual({ every: 2 });
    expect((await client.get("/extension/~")).status).toBe(401);
  });

  it("refuses a setting that does not exist, and broken JSON", async () => {
    const typo = await client.control({ settings: { limits: { hevy: {} } } });
    expect([typo.status, await typo.json()]).toEqual([400, { error: "there is no setting limits.hevy" }]);
    expect((await fetch(`${sandbox.apiUrl}/_sandbox/control`, { method: "POST", body: "{" })).status).toBe(400);
  });

  it("shows events, stats with hashes, settings, recordings and their audio", async () => {
    const [recording] = sandbox.recordings();
    const { id } = recording!;
    const bytes = Buffer.from(await (await client.content(id)).arrayBuffer());
    const stats = await read("stats?sha256=1");
    expect(stats).toMatchObject({ tokenRequests: 1, violations: 0, groups: { heavy: 1, auth: 1 } });
    expect(stats.sha256[id]).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect((await read("events")).map((event: Body) => event.kind)).toContain("content");
    expect((await read("settings")).limits.heavy.limit).toBe(10);
    expect((await read("recordings")).length).toBe(17);
    const audio = await fetch(`${sandbox.apiUrl}/_sandbox/audio/${id}`);
    expect(Buffer.from(await audio.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("is not counted as traffic", async () => {
    const before = sandbox.stats().requests;
    await read("events");
    expect(sandbox.stats().requests).toBe(before);
  });

  it("opens on the ports it is given, and gives them back when closed", async () => {
    const port = Number(new URL(sandbox.apiUrl).port);
    await expect(openRingCentralSandbox({ ports: { media: port } })).rejects.toThrow(/EADDRINUSE/);
    await sandbox.close();
    sandbox = await openRingCentralSandbox({ ports: { api: port } });
    expect(sandbox.apiUrl).toBe(`http://127.0.0.1:${port}`);
  });
});
