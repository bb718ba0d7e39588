import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Settings } from "../../src/cli/config.ts";
import { wireWebLogin } from "../../src/composition/web-login.ts";
import type { Player } from "../../src/player/server.ts";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../src/sandbox/ringcentral/index.ts";
import { testIo } from "../helpers/test-io.ts";
import { ask, cookieOf, json, openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let sandbox: RingCentralSandbox;
let player: Player;
let home: string;
let login: Awaited<ReturnType<typeof wireWebLogin>>;
let secrets: string[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "callreel-login-"));
  played = await openPlayedArchive();
  sandbox = await openRingCentralSandbox();
  secrets = [];
  const settings: Settings = {
    server: sandbox.apiUrl,
    mediaServer: sandbox.mediaUrl,
    clientId: sandbox.env.RC_APP_CLIENT_ID,
    clientSecret: sandbox.env.RC_APP_CLIENT_SECRET,
  };
  const io = testIo({ HOME: home, XDG_STATE_HOME: home, NO_PROXY: "127.0.0.1" });
  login = await wireWebLogin({ settings, io, report: () => {}, keepSecret: (secret) => secrets.push(secret) });
  player = await played.open({ webLogin: login });
  sandbox.settings.app.redirectUris.push(`${player.address}/oauth/callback`);
  const call = { start: "2026-11-03T10:00:00.000Z", account: "37439510" };
  for (const { id } of sandbox.recordings().slice(0, 6)) {
    await played.keep("ringcentral", id, { ...call, extension: extensionOf(id) });
  }
  await played.keep("ringcentral", "1", { ...call, extension: "101" });
  await played.keep("ringcentral", "2", { ...call, extension: "999", account: "1" });
  await played.keep("tim", "NCS1", { start: "2026-11-03T10:00:00" });
});
afterEach(async () => {
  await played[Symbol.asyncDispose]();
  await login[Symbol.asyncDispose]();
  await sandbox.close();
  rmSync(home, { recursive: true, force: true });
});

/** The extension that the sandbox has for a recording. */
function extensionOf(id: string): string {
  return String(101 + (sandbox.calls.byRecordingId(id)?.extension ?? 0));
}

/** Goes through the login as a browser does. */
async function logIn() {
  const start = await ask(player.address, "/login/oauth?next=/r/ringcentral/1");
  const state = cookieOf(start);
  const authorize = await fetch(start.headers.location as string, { redirect: "manual" });
  const back = new URL(authorize.headers.get("location") as string);
  const path = back.pathname + back.search;
  return { start, state, path, finish: () => ask(player.address, path, { headers: { cookie: state } }) };
}

test("the login goes to RingCentral with a challenge, and comes back into a session that goes on by itself", async () => {
  const { start, state, finish } = await logIn();
  const address = new URL(start.headers.location as string);
  expect(address.searchParams.get("code_challenge_method")).toBe("S256");
  expect(start.headers["set-cookie"]?.[0]).toMatch(/HttpOnly; SameSite=Lax/);
  expect(state).toContain(address.searchParams.get("state"));
  const done = await finish();
  expect(done.status).toBe(200);
  expect(done.headers["set-cookie"]?.[1]).toMatch(/HttpOnly; SameSite=Strict$/);
  expect(done.body.toString()).toContain('content="0;url=/r/ringcentral/1"');
  expect(done.body.toString()).not.toMatch(/code=|token/);
  const session = cookieOf(done, 1);
  const me = json<{ name: string; logout: boolean }>(
    await ask(player.address, "/api/me", { headers: { cookie: session } }),
  );
  expect(me).toEqual({
    name: expect.stringMatching(/ext\. \d+ \(RingCentral\)$/),
    logout: true,
    fetches: false,
    reasonRequired: false,
  });
});

test("a state is good in the browser that began and once", async () => {
  const { path, finish } = await logIn();
  expect((await ask(player.address, path)).status).toBe(400);
  expect((await ask(player.address, path, { headers: { cookie: "callreel-login=guess" } })).status).toBe(400);
  expect((await finish()).status).toBe(200);
  expect((await finish()).status).toBe(400);
});

test("whoever declines is told so and stays outside", async () => {
  sandbox.settings.tokens.authorize = "deny";
  const { finish } = await logIn();
  const answer = await finish();
  expect(answer.status).toBe(403);
  expect(answer.headers["set-cookie"]).toHaveLength(1);
});

async function session(): Promise<string> {
  const done = await (await logIn()).finish();
  return cookieOf(done, 1);
}

test("an administrator hears the whole company, but no other company and no other system", async () => {
  const cookie = await session();
  const get = (path: string) => ask(player.address, path, { headers: { cookie } });
  const [first] = sandbox.recordings();
  expect((await get(`/r/ringcentral/${first?.id}`)).status).toBe(200);
  expect((await get("/r/ringcentral/1")).status).toBe(200);
  expect((await get("/r/ringcentral/2")).status).toBe(404);
  expect((await get("/r/tim/3/4/NCS1")).status).toBe(404);
  expect((await get("/api/peaks/tim/3/4/NCS1")).status).toBe(404);
  expect((await get("/api/recording/ringcentral/2")).status).toBe(404);
  const { recordings } = json<{ recordings: { id: string }[] }>(await get("/api/recordings"));
  expect(recordings).toHaveLength(7);
  const [audit] = await played.ledger.lastAudits(1);
  expect(audit?.detail).toMatch(/^listened by .* \(RingCentral\)$/);
});

test("nobody hears or sees a colleague's voicemail, an administrator of calls neither", async () => {
  const account = "37439510";
  const [own, other] = [0, 1].map((more) => String(101 + sandbox.users[0]!.extension + more));
  await played.keep("ringcentral", "vm/1/11", { extension: own!, account });
  await played.keep("ringcentral", "vm/2/21", { extension: other!, account });
  const cookie = await session();
  const get = (path: string) => ask(player.address, path, { headers: { cookie } });
  expect((await get("/r/ringcentral/vm/1/11")).status).toBe(200);
  expect((await get("/r/ringcentral/vm/2/21")).status).toBe(404);
  const { recordings } = json<{ recordings: { key: string }[] }>(await get("/api/recordings"));
  const keys = recordings.map(({ key }) => key).filter((key) => key.includes("/vm/"));
  expect(keys).toEqual(["ringcentral/vm/1/11"]);
});

test("somebody without the company's permission hears and sees only the own extension", async () => {
  sandbox.users[0]!.permissions.splice(0, Infinity, "ReadCallRecording", "ReadCallLog");
  const own = String(101 + sandbox.users[0]!.extension);
  const cookie = await session();
  const get = (path: string) => ask(player.address, path, { headers: { cookie } });
  const { recordings } = json<{ recordings: { id: string; extension: string }[] }>(await get("/api/recordings"));
  expect(new Set(recordings.map(({ extension }) => extension))).toEqual(new Set([own]));
  for (const { id } of sandbox.recordings().slice(0, 6)) {
    const { status } = await get(`/r/ringcentral/${id}`);
    expect([id, status]).toEqual([id, extensionOf(id) === own ? 200 : 404]);
  }
});
