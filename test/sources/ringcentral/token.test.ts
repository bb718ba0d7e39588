import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findCredential, openTokenStore, rememberLogin } from "../../../src/sources/ringcentral/auth/tokens.ts";
import { openRingCentral, type RingCentralSource } from "../../../src/sources/ringcentral/index.ts";
import { openState } from "../../../src/sources/ringcentral/state.ts";
import type { ScriptedAnswer, SeenRequest } from "../../helpers/scripted-server.ts";
import { type Fake, openFake, refusedToken } from "./fake.ts";
import { leapingClock, never, openWorld, realClock, type World } from "./world.ts";

interface Place extends AsyncDisposable {
  readonly fake: Fake;
  readonly world: World;
  open(changes?: object): RingCentralSource;
}

async function openPlace(changes: Partial<World["settings"]> = {}, clock = realClock, limit = 1000): Promise<Place> {
  const fake = await openFake({ limit });
  const world = openWorld({ server: fake.origin, mediaServer: fake.origin }, changes, clock);
  const opened: RingCentralSource[] = [];
  return {
    fake,
    world,
    open(context = {}) {
      const source = openRingCentral(world.settings, { ...world.context, ...context });
      opened.push(source);
      return source;
    },
    async [Symbol.asyncDispose]() {
      for (const source of opened) await source[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}

/** One attempt as the engine makes it, with one renewal when the login is refused. */
async function fetchOne({ world }: Place, source: RingCentralSource, id: string): Promise<number> {
  const ref = source.named(id)!;
  const first = await source.link(ref, undefined, never);
  const refused = await world.http.request({ url: first.url, headers: first.headers }, never);
  first.answered?.(refused);
  if (refused.status !== 401) return refused.status;
  const second = await source.link(ref, first, never);
  const answer = await world.http.request({ url: second.url, headers: second.headers }, never);
  second.answered?.(answer);
  return answer.status;
}

const form = (request: SeenRequest) => Object.fromEntries(new URLSearchParams(request.body));
const grants = (fake: Fake) => fake.tokenRequests().map((request) => form(request).grant_type);
const refresh = { refresh_token: "refresh-1", refresh_token_expires_in: 600_000 };
const invalidGrant: ScriptedAnswer = {
  status: 400,
  body: { error: "invalid_grant", error_description: "secret words" },
};

test("sends the JWT as it is, with the client's Basic login, and shares the token between workers and runs", async () => {
  await using place = await openPlace();
  const source = place.open();
  await Promise.all(["1", "2", "3", "4"].map((id) => fetchOne(place, source, id)));
  await source[Symbol.asyncDispose]();
  expect(await fetchOne(place, place.open(), "5")).toBe(200);
  const [request, ...others] = place.fake.tokenRequests();
  expect(others).toEqual([]);
  expect(form(request!)).toEqual({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: place.world.settings.jwt,
  });
  expect(request!.headers.authorization).toBe(`Basic ${Buffer.from("client:secret").toString("base64")}`);
});

test("names a public app in the body and sends no Basic login", async () => {
  await using place = await openPlace();
  const { clientSecret: _, ...settings } = place.world.settings;
  await using source = openRingCentral(settings, place.world.context);
  await source.link(source.named("1")!, undefined, never);
  const [request] = place.fake.tokenRequests();
  expect(request!.headers.authorization).toBeUndefined();
  expect(form(request!).client_id).toBe("client");
});

test("keeps tokens where only the user can read them", async () => {
  await using place = await openPlace({ stateDir: join((await openPlace()).world.stateDir, "new", "state") });
  await fetchOne(place, place.open(), "1");
  const { stateDir } = place.world.settings;
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  for (const name of ["ringcentral.db", "ringcentral.db-wal"]) {
    expect(statSync(join(stateDir, name)).mode & 0o077, name).toBe(0);
  }
});

test("renews ahead of the token's end, by a tenth of its life and a minute at most", async () => {
  await using place = await openPlace();
  const begunMs = Date.now();
  let aheadMs = 0;
  const source = place.open({ clock: { ...realClock, now: () => begunMs + aheadMs } });
  await fetchOne(place, source, "1");
  aheadMs = 3_539_000;
  await fetchOne(place, source, "2");
  expect(place.fake.tokenRequests()).toHaveLength(1);
  aheadMs = 3_541_000;
  await fetchOne(place, source, "3");
  expect(place.fake.tokenRequests()).toHaveLength(2);
});

test("answers a dead token with one renewal for all workers", async () => {
  await using place = await openPlace();
  const source = place.open();
  await fetchOne(place, source, "1");
  place.fake.killTokens();
  const statuses = await Promise.all(["2", "3", "4", "5", "6"].map((id) => fetchOne(place, source, id)));
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  expect(place.fake.tokenRequests()).toHaveLength(2);
});

test("takes over the token that another process has renewed", async () => {
  await using place = await openPlace();
  const [one, other] = [place.open(), place.open()];
  await fetchOne(place, one, "1");
  await fetchOne(place, other, "2");
  place.fake.killTokens();
  await fetchOne(place, one, "3");
  expect(await fetchOne(place, other, "4")).toBe(200);
  expect(place.fake.tokenRequests()).toHaveLength(2);
});

test("sends nothing else while a token request runs", async () => {
  await using place = await openPlace({}, realClock, 10);
  const [one, other] = [place.open(), place.open()];
  await fetchOne(place, one, "1");
  let underWay = 0;
  const meanwhile: string[] = [];
  place.fake.settings.answer = async ({ path }) => {
    if (underWay > 0) meanwhile.push(path);
    if (!path.endsWith("/token")) return undefined;
    underWay += 1;
    await new Promise((resolve) => setTimeout(resolve, 150));
    underWay -= 1;
    return undefined;
  };
  place.fake.killTokens();
  const work = [one, other].flatMap((source) => ["2", "3", "4"].map((id) => fetchOne(place, source, id)));
  expect(await Promise.all(work)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(meanwhile).toEqual([]);
});

test("refreshes a session that can be, and falls back to the JWT when the refresh token is refused", async () => {
  await using place = await openPlace();
  const token = (name: string) => ({ body: { access_token: name, expires_in: 3600, ...refresh } });
  place.fake.settings.answer = (request) => {
    if (!request.path.endsWith("/token")) return undefined;
    const given = form(request);
    if (given.refresh_token === undefined) return token(`jwt-${place.fake.tokenRequests().length}`);
    return place.fake.tokenRequests().length > 2 ? invalidGrant : token("refreshed");
  };
  const jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  await fetchOne(place, place.open(), "1");
  expect(grants(place.fake)).toEqual([jwt, "refresh_token"]);
  await fetchOne(place, place.open(), "2").catch(() => {});
  expect(grants(place.fake)).toEqual([jwt, "refresh_token", "refresh_token", jwt]);
});

test("presents no refresh token twice: of a killed process it takes the JWT instead, and tries it only without one", async () => {
  await using place = await openPlace();
  const { jwt: _, ...byBrowser } = place.world.settings;
  const left = { accessToken: "old", obtainedMs: 1, expiresMs: 2, scope: "", refreshing: true };
  const leave = (settings: typeof byBrowser) => {
    using state = openState(settings.stateDir);
    const credential = findCredential(state, settings) ?? rememberLogin(state, settings, "102");
    const lasting = { refreshToken: "refresh-1", refreshExpiresMs: Date.now() + 600_000 };
    openTokenStore(state, credential).replace({ ...left, ...lasting });
  };
  leave(place.world.settings);
  expect(await fetchOne(place, place.open(), "1")).toBe(200);
  expect(grants(place.fake)).toEqual(["urn:ietf:params:oauth:grant-type:jwt-bearer"]);

  leave(byBrowser);
  await using source = openRingCentral(byBrowser, place.world.context);
  expect(await fetchOne(place, source, "2")).toBe(200);
  expect(grants(place.fake).at(-1)).toBe("refresh_token");
});

test("keeps no session over one that another process has put in its place meanwhile", async () => {
  await using place = await openPlace();
  using state = openState(place.world.settings.stateDir);
  const store = openTokenStore(state, findCredential(state, place.world.settings)!);
  const newer = { accessToken: "newer", obtainedMs: Date.now(), expiresMs: Date.now() + 3_600_000, scope: "" };
  place.fake.settings.answer = ({ path }) => {
    if (path.endsWith("/token")) store.replace(newer);
    return undefined;
  };
  const { headers } = await place.open().link(place.open().named("1")!, undefined, never);
  expect(headers?.authorization).toBe("Bearer newer");
  expect(store.read()).toEqual(newer);
});

test("gives up a refused login after two token requests, and asks no more in this run", async () => {
  await using place = await openPlace();
  place.fake.settings.answer = (request) => {
    if (!request.path.endsWith("/token")) return refusedToken();
    if (place.fake.tokenRequests().length > 1) return invalidGrant;
    return { body: { access_token: "first", expires_in: 3600, ...refresh } };
  };
  const source = place.open();
  for (const id of ["1", "2", "3"]) {
    const error = await fetchOne(place, source, id).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "login-refused", verdict: "stop" });
    expect(String(error)).not.toContain("secret words");
  }
  expect(place.fake.tokenRequests()).toHaveLength(3);
});

test("judges a second 401 as the end of the run", async () => {
  await using place = await openPlace();
  place.fake.settings.answer = ({ path }) => (path.endsWith("/token") ? undefined : refusedToken());
  const source = place.open();
  const ref = source.named("1")!;
  const refusal = { head: { status: 401, headers: {} } };
  const { RecordingError } = await import("../../../src/core/model/errors.ts");
  expect(await fetchOne(place, source, "1")).toBe(401);
  expect(source.classifyFailure(new RecordingError("http-error", "", refusal), ref, 0).verdict).toBe("renew");
  expect(source.classifyFailure(new RecordingError("http-error", "", refusal), ref, 1)).toMatchObject({
    code: "login-refused",
    verdict: "stop",
  });
  await expect(fetchOne(place, source, "2")).rejects.toMatchObject({ code: "login-refused" });
  expect(place.fake.tokenRequests()).toHaveLength(2);
});

test("tries a token endpoint that is out of order three times, ten seconds apart", async () => {
  const clock = leapingClock();
  await using place = await openPlace({}, clock);
  place.fake.settings.answer = () => ({ status: 503 });
  const source = place.open();
  await expect(source.link(source.named("1")!, undefined, never)).rejects.toMatchObject({ code: "server-error" });
  expect(place.fake.tokenRequests()).toHaveLength(3);
  expect(clock.slept.filter((ms) => ms === 10_000)).toHaveLength(2);
});

test("ends the run when logging in stays impossible, and asks no more", async () => {
  await using place = await openPlace({}, leapingClock());
  place.fake.settings.answer = () => ({ hangUp: true });
  const source = place.open();
  const verdicts: unknown[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    await source
      .link(source.named("1")!, undefined, never)
      .catch(({ code, verdict }) => verdicts.push([code, verdict]));
  }
  expect(verdicts.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => ["reset", "retry"]));
  expect(verdicts.slice(5)).toEqual(Array.from({ length: 3 }, () => ["reset", "stop"]));
  expect(place.fake.tokenRequests()).toHaveLength(18);
});

test("uses a ready access token as it is and says so when it has ended", async () => {
  await using place = await openPlace({ accessToken: "ready" });
  place.fake.settings.answer = (request) =>
    request.headers.authorization === "Bearer ready" && request.path.includes("/1/") ? { body: "audio" } : undefined;
  const source = place.open();
  expect(await fetchOne(place, source, "1")).toBe(200);
  await expect(fetchOne(place, source, "2")).rejects.toMatchObject({ code: "login-refused", verdict: "stop" });
  expect(place.fake.tokenRequests()).toEqual([]);
});

test("says how to log in when there is no login", async () => {
  await using place = await openPlace();
  const { jwt: _, ...settings } = place.world.settings;
  await using source = openRingCentral(settings, place.world.context);
  const error = await source.link(source.named("1")!, undefined, never).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "login-refused" });
  expect(String(error)).toContain("callreel auth login ringcentral");
});

test("revokes the session on logout and leaves no token on the disk", async () => {
  await using place = await openPlace();
  const source = place.open();
  await fetchOne(place, source, "1");
  const database = join(place.world.stateDir, "ringcentral.db");
  await source.logout(never);
  await source[Symbol.asyncDispose]();
  expect(place.fake.server.seen.at(-1)).toMatchObject({ path: "/restapi/oauth/revoke", body: "token=token-1" });
  expect(readFileSync(database, "latin1")).not.toContain("token-1");
});
