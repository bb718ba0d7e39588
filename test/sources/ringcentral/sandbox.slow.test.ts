import { expect, test } from "vitest";
import type { RecordingRef } from "../../../src/core/model/recording.ts";
import {
  openRingCentralSandbox,
  type RingCentralSandbox,
  type SettingsPatch,
} from "../../../src/sandbox/ringcentral/index.ts";
import { browserLogin } from "../../../src/sources/ringcentral/auth/browser-login.ts";
import { openRingCentral, type RingCentralSource } from "../../../src/sources/ringcentral/index.ts";
import { type IdleClock, idleClock } from "../../helpers/idle-clock.ts";
import { startFetching } from "./second-process.ts";
import { never, openWorld, serverClock, type World } from "./world.ts";

const day = 86_400_000;
const quick = { limits: { heavy: { limit: 10, windowSeconds: 1, penaltySeconds: 2 } } };
const generous = { limits: { heavy: { limit: 5000, windowSeconds: 1 }, auth: { limit: 500, windowSeconds: 1 } } };

interface Place {
  readonly sandbox: RingCentralSandbox;
  readonly world: World;
  readonly source: RingCentralSource;
  /** All recordings that the call log names. */
  list(fromMs?: number): Promise<RecordingRef[]>;
  /** Fetches as the engine does: renewed once, compared with what the sandbox serves. Returns the statuses. */
  fetchAll(refs: readonly RecordingRef[]): Promise<number[]>;
}

async function withSandbox(
  options: {
    recordings?: number;
    days?: number;
    settings?: SettingsPatch;
    login?: Partial<World["settings"]>;
    /** The one time of sandbox and source; by default each has the machine's. */
    clock?: IdleClock;
  },
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const { recordings = 40, days = 3, clock } = options;
  const data = { recordings, days, layout: "plain" as const, seconds: [1, 2] as const };
  const time = clock === undefined ? {} : { clock: serverClock(clock) };
  const sandbox = await openRingCentralSandbox({
    data,
    settings: options.settings ?? generous,
    ...time,
  });
  const { RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret, RC_USER_JWT: jwt } = sandbox.env;
  const hosts = { server: sandbox.apiUrl, mediaServer: sandbox.mediaUrl };
  const world = openWorld(hosts, { clientId, clientSecret, jwt, ...options.login }, clock);
  const source = openRingCentral(world.settings, world.context);
  try {
    await work({
      sandbox,
      world,
      source,
      list: (fromMs) => listed(source, fromMs ?? sandbox.clock.now() - (days + 1) * day),
      fetchAll: (refs) => fetched(sandbox, world, source, refs),
    });
  } finally {
    await source[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
    await sandbox.close();
  }
}

async function listed(source: RingCentralSource, fromMs: number): Promise<RecordingRef[]> {
  const refs: RecordingRef[] = [];
  for await (const { rows } of source.list!({ fromMs }, never)) {
    for (const row of rows) refs.push(...source.recordings(row).refs);
  }
  return refs;
}

async function fetched(
  sandbox: RingCentralSandbox,
  world: World,
  source: RingCentralSource,
  refs: readonly RecordingRef[],
): Promise<number[]> {
  const queue = [...refs];
  const statuses: number[] = [];
  const attempt = async (ref: RecordingRef, failed?: Parameters<RingCentralSource["link"]>[1]) => {
    const link = await source.link(ref, failed, never);
    const answer = await world.http.request({ url: link.url, headers: link.headers }, never);
    link.answered?.(answer);
    return { link, answer };
  };
  const worker = async () => {
    for (let ref = queue.shift(); ref !== undefined; ref = queue.shift()) {
      let { link, answer } = await attempt(ref);
      if (answer.status === 401) ({ answer } = await attempt(ref, link));
      if (answer.status === 200) expect(answer.body.equals(sandbox.audioOf(ref.id))).toBe(true);
      statuses.push(answer.status);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return statuses;
}

/** The share of the heavy budget that was used after the first window. */
function shareOfBudget({ settings, stats }: RingCentralSandbox): number {
  const times = stats().groupTimes.heavy;
  const { limit, windowSeconds } = settings.limits.heavy;
  const [first, last] = [times[0]!, times.at(-1)!];
  const windows = Math.floor((last - first) / (windowSeconds * 1000));
  const end = first + windows * windowSeconds * 1000;
  const used = times.filter((at) => at >= first + windowSeconds * 1000 && at < end).length;
  return used / (limit * (windows - 1));
}

test.concurrent("lists and fetches in bulk at the full allowed rate without one 429", async () => {
  await withSandbox({ recordings: 60, settings: quick, clock: idleClock() }, async ({ sandbox, list, fetchAll }) => {
    const refs = await list();
    expect(refs).toHaveLength(60);
    expect(await fetchAll(refs)).toEqual(Array.from({ length: 60 }, () => 200));
    const stats = sandbox.stats();
    expect(stats).toMatchObject({ penalties: 0, violations: 0, tokenRequests: 1, tokensInUrls: 0 });
    expect(shareOfBudget(sandbox)).toBeGreaterThanOrEqual(0.9);
  });
});

test.concurrent("does the same in two processes at once, with one login", async () => {
  const settings = { limits: { heavy: { limit: 25, windowSeconds: 5, penaltySeconds: 2 } } };
  await withSandbox({ recordings: 60, settings }, async ({ sandbox, world, source }) => {
    await source[Symbol.asyncDispose]();
    const ids = sandbox.recordings().map(({ id }) => id);
    await using one = startFetching(world.settings, ids.slice(0, 30));
    await using other = startFetching(world.settings, ids.slice(30));
    expect(await Promise.all([one.fetched, other.fetched])).toEqual([30, 30]);
    expect(sandbox.stats()).toMatchObject({
      tokenRequestsAtOnce: { most: 1 },
      tokenRequests: 1,
    });
    // A machine that stalls for longer than the window of five seconds can make one request come too early.
    expect(sandbox.stats().penalties).toBeLessThanOrEqual(1);
  });
});

test.concurrent("keeps out of a penalty when the limit is cut without notice", async () => {
  await withSandbox({ recordings: 24, settings: quick, clock: idleClock() }, async ({ sandbox, list, fetchAll }) => {
    const refs = await list();
    await fetchAll(refs.slice(0, 4));
    sandbox.settings.limits.heavy.limit = 3;
    const statuses = await fetchAll(refs.slice(4, 12));
    expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(1);
    expect(sandbox.stats().violations).toBe(0);
    expect(sandbox.stats().penalties).toBeLessThanOrEqual(1);
  });
});

test.concurrent("outlives tokens that end after 3 s, with one renewal each", async () => {
  const settings = { ...generous, tokens: { accessSeconds: 3 } };
  const clock = idleClock();
  await withSandbox({ settings, clock }, async ({ sandbox, list, fetchAll }) => {
    const refs = await list();
    for (const end = clock.now() + 4000; clock.now() < end; await clock.sleep(200, never)) {
      expect(new Set(await fetchAll(refs.slice(0, 4)))).toEqual(new Set([200]));
    }
    expect(sandbox.stats().tokenRequests).toBe(2);
  });
});

test.concurrent("outlives revoked and evicted sessions, with one renewal for each death", async () => {
  await withSandbox({}, async ({ sandbox, list, fetchAll }) => {
    const refs = await list();
    const users = sandbox.users[0]!;
    const deaths = [
      () => sandbox.sessions.closeAll(),
      () => {
        for (let count = 0; count < 5; count++) {
          sandbox.sessions.open(users, sandbox.env.RC_APP_CLIENT_ID, false, {
            accessSeconds: 600,
            refreshSeconds: 600,
          });
        }
      },
    ];
    for (const [index, die] of deaths.entries()) {
      die();
      expect(new Set(await fetchAll(refs))).toEqual(new Set([200]));
      expect(sandbox.stats().tokenRequests).toBe(2 + index);
    }
  });
});

test.concurrent("refreshes where the app issues refresh tokens", async () => {
  const settings = { ...generous, app: { issueRefreshTokens: true } };
  await withSandbox({ settings }, async ({ sandbox, list, fetchAll, source }) => {
    const refs = await list();
    const first = await source.direct(refs[0]!, never);
    sandbox.clock.advance(3_700_000);
    expect(new Set(await fetchAll(refs))).toEqual(new Set([200]));
    const second = await source.direct(refs[0]!, never);
    expect(second.url).not.toBe(first.url);
    expect(sandbox.stats().tokenRequests).toBe(2);
  });
});

test.concurrent("refuses a wrong JWT and a wrong client within one token request, saying which", async () => {
  const jwt = "e30.eyJzdWIiOiI5OSJ9.wrong";
  await withSandbox({ login: { jwt } }, async ({ sandbox, list }) => {
    await expect(list()).rejects.toMatchObject({ code: "login-refused", verdict: "stop" });
    await expect(list()).rejects.toMatchObject({ code: "login-refused" });
    expect(sandbox.stats().tokenRequests).toBe(1);
  });
  await withSandbox({ login: { clientId: "wrong" } }, async ({ list }) => {
    await expect(list()).rejects.toMatchObject({ message: expect.stringMatching(/OAU-153.*--client-id/) });
  });
});

test.concurrent("finds a recording that came late when it lists the time again", async () => {
  const settings = { ...generous, callLog: { lateRecording: { chosen: "all" as const, afterSeconds: 3600 } } };
  await withSandbox({ recordings: 4, settings }, async ({ sandbox, list }) => {
    sandbox.calls.add(sandbox.clock.now() - 600_000);
    const before = (await list()).map(({ id }) => id);
    sandbox.clock.advance(3_600_000);
    const after = (await list()).map(({ id }) => id);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.length).toBeGreaterThan(before.length);
  });
});

test.concurrent("lists only the user's own calls without the company role", async () => {
  await withSandbox({}, async ({ sandbox, world, list }) => {
    const all = await list();
    const settings = { ...world.settings, jwt: sandbox.users[1]!.jwt };
    await using agent = openRingCentral(settings, world.context);
    const own = await listed(agent, sandbox.clock.now() - 4 * day);
    expect(own.length).toBeLessThan(all.length);
    expect(world.events).toContainEqual(expect.objectContaining({ event: "notice", level: "warning" }));
  });
});

test.concurrent("copes with drift, repeated records, whole seconds and the oldest first", async () => {
  for (const callLog of [
    { duplicates: true, maxPerPageDetailed: 7 },
    { driftPerPage: 3, maxPerPageDetailed: 7 },
    { wholeSeconds: true, maxPerPageDetailed: 7, order: "oldest" as const },
    { emptyPageFields: true, totals: true },
  ]) {
    await withSandbox({ settings: { ...generous, callLog } }, async ({ sandbox, list }) => {
      const known = sandbox.recordings().map(({ id }) => id);
      const found = (await list()).map(({ id }) => id);
      expect(known.every((id) => found.includes(id))).toBe(true);
      expect(new Set(found).size).toBe(found.length);
    });
  }
});

test.concurrent("follows a redirect to a foreign host without the token", async () => {
  await withSandbox({}, async ({ sandbox, world, source, list }) => {
    const [ref] = await list();
    sandbox.settings.faults.push({ route: "content", kind: "redirect", times: 1 });
    const first = await source.link(ref!, undefined, never);
    const moved = await world.http.request({ url: first.url, headers: first.headers }, never);
    first.answered?.(moved);
    expect(moved.status).toBe(302);
    const { RecordingError } = await import("../../../src/core/model/errors.ts");
    const classified = source.classifyFailure(new RecordingError("http-error", "moved", { head: moved }), ref!, 0);
    expect(classified.verdict).toBe("renew");
    const second = await source.link(ref!, first, never);
    expect((await world.http.request({ url: second.url, headers: second.headers }, never)).status).toBe(200);
    expect(sandbox.stats()).toMatchObject({ foreignAuthorization: 0, tokensInUrls: 0, tokenRequests: 1 });
  });
});

test.concurrent("logs in with a browser, and renews that login later", async () => {
  const settings = { ...generous, app: { issueRefreshTokens: true } };
  await withSandbox({ settings }, async ({ sandbox, world }) => {
    const { jwt: _, ...withoutJwt } = world.settings;
    const prompt = {
      show(_address: string, redirectUri: string) {
        sandbox.settings.app.redirectUris = [redirectUri];
      },
      open: (address: string) => void fetch(address),
    };
    const loggedIn = await browserLogin(withoutJwt, world.context, prompt, never);
    expect(loggedIn.user).toBe(sandbox.users[0]!.extensionId);
    sandbox.clock.advance(3_700_000);
    await using source = openRingCentral(withoutJwt, world.context);
    expect(await listed(source, sandbox.clock.now() - 4 * day)).toHaveLength(40);
    expect(await source.status(never)).toMatchObject({ login: "browser", companyCallLog: true });
    const { url } = await source.direct(source.named("1")!, never);
    expect(sandbox.sessions.mentioned(url)).toBe(true);
    await source.logout(never);
    expect(sandbox.sessions.mentioned(url)).toBe(false);
  });
});

test.concurrent("passes its own checks", async () => {
  await withSandbox({}, async ({ source }) => {
    const found = [];
    for await (const check of source.check!(never)) found.push([check.name, check.status]);
    expect(found.filter(([, status]) => status !== "ok")).toEqual([
      ["RingCentral: voicemail", "skipped"],
      ["RingCentral: insights", "skipped"],
    ]);
  });
});
