import { join } from "node:path";
import { expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";

describeOnPostgres("two machines with one ledger", (server) => {
  it("share RingCentral's budget in turns, and one session", async () => {
    await using world = await openRingCentralWorld({
      data: { recordings: 20, layout: "plain", days: 2 },
      settings: { limits: quickBudget(2, 2) },
    });
    const download = (machine: string, key: string, ids: readonly string[] = []) => {
      const home = join(world.home, machine);
      const env = {
        ...world.rc.env,
        HOME: home,
        XDG_STATE_HOME: join(home, "state"),
        CALLREEL_LEDGER: server.url,
        CALLREEL_LEDGER_PASSWORD: server.password,
        CALLREEL_TOKEN_KEY: key,
      };
      const selection = ids.length > 0 ? ids : ["--from", "3d"];
      return start(["download", "--json", "-d", world.archive, ...selection], { env });
    };
    const key = "ab".repeat(32);
    const ids = world.rc.recordings().map(({ id }) => id);
    const both = [download("one", key, ids.slice(0, 10)), download("other", key, ids.slice(10))];
    // At two requests in two seconds none has all of its ten before the other has begun.
    for (const each of both) await until(() => each.out().includes("recording-done"), "a recording of each");
    world.rc.settings.limits.heavy.limit = 10;
    const ended = await Promise.all(both.map(({ finished }) => finished));
    const times = ended.map(({ code, err, out }) => {
      expect(code, err).toBe(0);
      const done = eventsOf(out).filter(({ event }) => event === "recording-done");
      return done.map(({ time }) => Date.parse(time as string));
    });
    const [one, other] = times as [number[], number[]];
    expect(Math.max(one[0]!, other[0]!)).toBeLessThan(Math.min(one.at(-1)!, other.at(-1)!));
    expect(finishedIn(world.archive)).toHaveLength(20);
    expect(world.rc.stats()).toMatchObject({ tokenRequests: 1, penalties: 0, violations: 0 });

    const rotated = await download("one", "cd".repeat(32)).finished;
    expect(rotated.code, rotated.err).toBe(0);
    expect(rotated.err).toContain("cannot be decrypted");
    const wrong = await download("one", "no key").finished;
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("CALLREEL_TOKEN_KEY is no key of 32 bytes")]);
  });

  it("present no refresh token twice, also after one was killed between its use and its keeping", async () => {
    await using world = await openRingCentralWorld({
      data: { recordings: 2, layout: "plain", days: 2 },
      settings: { app: { issueRefreshTokens: true }, tokens: { accessSeconds: 5 } },
    });
    const { rc } = world;
    const download = (machine: string, id: string) => {
      const home = join(world.home, machine);
      const env = {
        ...rc.env,
        HOME: home,
        XDG_STATE_HOME: join(home, "state"),
        CALLREEL_LEDGER: server.url,
        CALLREEL_LEDGER_PASSWORD: server.password,
        CALLREEL_TOKEN_KEY: "ab".repeat(32),
      };
      return start(["download", id, "-d", world.archive], { env });
    };
    const [first, second] = rc.recordings().map(({ id }) => id) as [string, string];
    const begun = await download("one", first).finished;
    expect(begun.code, begun.err).toBe(0);
    const ended = Date.now() + 5000;
    await until(() => Date.now() > ended, "the end of the token");

    rc.settings.tokens.delayMs = 10_000;
    const killed = download("one", second);
    await until(() => rc.stats().tokenRequestsAtOnce.now === 1, "the refresh");
    killed.child.kill("SIGKILL");
    await killed.finished;
    rc.settings.tokens.delayMs = 0;

    const { code, err } = await download("two", second).finished;
    expect(code, err).toBe(0);
    expect(world.held().size).toBe(2);
    const grants = () => rc.events.all().flatMap(({ kind, grant }) => (kind === "token-grant" ? [String(grant)] : []));
    const jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    // The killed one's is counted when its delay is over.
    await expect.poll(() => grants().sort()).toEqual(["refresh_token", jwt, jwt]);
  });
});
