import { expect, test } from "vitest";
import type { Check } from "../../../src/core/model/ports.ts";
import { openRingCentral, type RingCentralSource } from "../../../src/sources/ringcentral/index.ts";
import type { ScriptedAnswer, SeenRequest } from "../../helpers/scripted-server.ts";
import { openFake } from "./fake.ts";
import { never, openWorld, type World } from "./world.ts";

const day = 86_400_000;
const sound = Buffer.concat([Buffer.from("RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0", "latin1"), wavRest()]);

/** The rest of a WAV header for 8 kHz µ-law, and half a second of silence. */
function wavRest(): Buffer {
  const rest = Buffer.alloc(24 + 4096, 0xff);
  rest.writeUInt16LE(1, 0);
  rest.writeUInt16LE(1, 2);
  rest.writeUInt32LE(8000, 4);
  rest.writeUInt32LE(8000, 8);
  rest.writeUInt16LE(1, 12);
  rest.writeUInt16LE(8, 14);
  rest.write("data", 16, "latin1");
  rest.writeUInt32LE(4096, 20);
  return rest;
}

const calls = {
  records: [
    {
      id: "A",
      sessionId: "1",
      startTime: new Date(Date.now() - day).toISOString(),
      recording: { id: "77", type: "Automatic" },
    },
  ],
};

const soon = Math.floor(Date.now() / 1000) + 5 * 86_400;
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

/** An account in which all is well, with some answers changed by path ending. */
function account(changes: Record<string, ScriptedAnswer> = {}) {
  return ({ path }: SeenRequest): ScriptedAnswer | undefined => {
    const changed = Object.keys(changes).find((end) => path.endsWith(end));
    if (changed !== undefined) return changes[changed];
    if (path === "/restapi") return { body: { uriString: "v1.0" } };
    if (path.endsWith("/authz-profile/check")) return { body: { successful: true } };
    if (path.endsWith("/extension/~")) return { body: { id: 101, name: "Ada Archive", extensionNumber: "9001" } };
    if (path.endsWith("/call-recording")) {
      return { body: { automatic: { retentionPeriod: 90, maxNumberLimit: 100_000 } } };
    }
    if (path.endsWith("/call-log")) {
      const headers = { "x-rate-limit-group": "heavy", "x-rate-limit-limit": "40", "x-rate-limit-window": "60" };
      return { headers, body: calls };
    }
    if (path.endsWith("/recording/77/content")) return { headers: { "content-type": "audio/wav" }, body: sound };
    return undefined;
  };
}

async function withAccount<T>(
  work: (source: RingCentralSource, seen: SeenRequest[]) => Promise<T>,
  changes: Record<string, ScriptedAnswer> = {},
  settings: Partial<World["settings"]> = {},
): Promise<T> {
  await using fake = await openFake();
  fake.settings.answer = account(changes);
  await using world = openWorld({ server: fake.origin, mediaServer: fake.origin }, settings);
  await using source = openRingCentral(world.settings, world.context);
  return await work(source, fake.server.seen);
}

async function checks(changes: Record<string, ScriptedAnswer> = {}, settings: Partial<World["settings"]> = {}) {
  return withAccount(
    async (source, seen) => {
      const found: Check[] = [];
      for await (const check of source.check!(never)) found.push(check);
      const by = (name: string) => found.find((check) => check.name.endsWith(name));
      return { found, by, requests: seen.length };
    },
    changes,
    settings,
  );
}

test("checks a working login from host to retention with two requests each at most", async () => {
  const { found, requests } = await checks();
  expect(found.map(({ status }) => status)).toEqual([...Array.from({ length: 9 }, () => "ok"), "skipped", "skipped"]);
  expect(found.map(({ message }) => message).join("\n")).toMatch(
    /40 requests in 60 s.*\n77 begins to arrive, as audio\/wav.*\n.*90 days.*100,000/,
  );
  expect(requests).toBe(8);
});

test("skips what needs a login when there is none, and says what helps", async () => {
  const refused = { status: 400, body: { error: "unauthorized_client", errors: [{ errorCode: "OAU-251" }] } };
  const { found } = await checks({ "/oauth/token": refused });
  expect(found.map(({ status }) => status)).toEqual([
    "ok",
    "ok",
    "failed",
    ...Array.from({ length: 8 }, () => "skipped"),
  ]);
  expect(found[2]).toMatchObject({ message: expect.stringContaining("OAU-251"), exitCode: 7 });
});

test("reports a clock that is wrong, a missing scope and a missing role", async () => {
  const date = new Date(Date.now() + 20 * 60_000).toUTCString();
  const token = { body: { access_token: "t", expires_in: 3600, scope: "ReadMessages" } };
  const { by } = await checks({
    "/restapi": { headers: { date }, body: {} },
    "/oauth/token": token,
    "/authz-profile/check": { body: { successful: false } },
    "/call-log": { status: 403, body: { errorCode: "CMN-408" } },
    "/call-recording": { status: 403, body: { errorCode: "CMN-401" } },
  });
  expect(by("API host")).toMatchObject({ status: "warning", message: expect.stringContaining("20 min behind") });
  expect(by("app permissions")).toMatchObject({
    status: "failed",
    message: expect.stringContaining("ReadCallRecording"),
  });
  expect(by("role")).toMatchObject({ status: "warning" });
  expect(by("rate limit")).toMatchObject({ status: "failed" });
  expect(by("retention")).toMatchObject({ status: "skipped" });
});

const withheld = { status: 403, body: { errorCode: "CMN-408", permissionName: "ReadCompanyCallRecordings" } };

test.each(["ReadCompanyCallRecordings", "ReadCompanyCallRecording"])(
  "tells the permission for recordings, spelled %s, from the call log's, and tries one recording",
  async (spelling) => {
    const granted = [spelling, "ReadCompanyCallLog"];
    await using fake = await openFake();
    fake.settings.answer = (request) =>
      request.path.endsWith("/authz-profile/check")
        ? { body: { successful: granted.includes(request.query.get("permissionId") ?? "") } }
        : account({})(request);
    await using world = openWorld({ server: fake.origin, mediaServer: fake.origin });
    const look = async () => {
      await using source = openRingCentral(world.settings, world.context);
      const found: Check[] = [];
      for await (const check of source.check!(never)) found.push(check);
      return found.find(({ name }) => name.endsWith("role for recordings"));
    };
    expect(await look()).toMatchObject({ status: "ok" });
    granted.shift();
    expect(await look()).toMatchObject({ status: "warning", message: expect.stringContaining(spelling) });
  },
);

test.each([
  [withheld, { status: "failed", exitCode: 7, remedy: expect.stringContaining("Access Recordings") }],
  [
    { status: 403, body: { errorCode: "CMN-401" } },
    { status: "failed", exitCode: 7 },
  ],
  [
    { status: 503, body: {} },
    { status: "failed", exitCode: 5 },
  ],
  [{ body: "<html><body>Sign in</body></html>" }, { status: "failed", message: expect.stringContaining("web page") }],
  [{ headers: { "content-type": "audio/wav" }, body: "" }, { status: "failed" }],
  [
    { status: 404, body: { errorCode: "CMN-102", errors: [{ errorCode: "CMN-102", parameterName: "recordingId" }] } },
    { status: "warning", message: expect.stringContaining("77") },
  ],
])("says of one recording what answer %# means", async (answer, says) => {
  expect((await checks({ "/recording/77/content": answer })).by("one recording")).toMatchObject(says);
});

test("reads the user's own log where the company's is refused, and skips the trial where it tells of no recording", async () => {
  const refused = { status: 403, body: { errorCode: "CMN-408" } };
  const { by } = await checks({
    "/account/~/call-log": refused,
    "/extension/~/call-log": { body: { records: [null] } },
  });
  expect(by("rate limit")).toMatchObject({ status: "ok", message: expect.stringContaining("own call log") });
  expect(by("one recording")).toMatchObject({ status: "skipped" });
});

test("tries the recording that was given", async () => {
  await withAccount(async (source, seen) => {
    const sample = source.named("123")!;
    for await (const _ of source.check!(never, sample));
    expect(seen.map(({ path }) => path)).toContain("/restapi/v1.0/account/~/recording/123/content");
  });
});

test("reports hosts that cannot be reached without stopping", async () => {
  const { found } = await checks({}, { mediaServer: "http://127.0.0.1:1" });
  const [message, remedy] = ["connection refused", "and --media-server."].map((text) => expect.stringContaining(text));
  expect(found[1]).toMatchObject({ status: "failed", message, remedy });
  expect(found[2]!.status).toBe("ok");
});

test("says who is logged in, what the login may do, and that its JWT ends soon", async () => {
  const status = await withAccount((source) => source.status(never), {}, { jwt: jwt({ sub: "101", exp: soon }) });
  expect(status).toMatchObject({
    login: "jwt",
    user: "101",
    name: "Ada Archive",
    extension: "9001",
    scopes: ["ReadCallLog", "ReadCallRecording"],
    companyCallLog: true,
    jwtExpiresMs: soon * 1000,
  });
  expect(status.warnings).toEqual([expect.stringContaining("JWT ends on")]);
});

test("says who is logged in as far as the app may ask", async () => {
  const refused = { status: 403, body: { errorCode: "CMN-401" } };
  const status = await withAccount((source) => source.status(never), { "/extension/~": refused });
  expect(status).toMatchObject({ user: "101", companyCallLog: true, warnings: [] });
  expect(status.name).toBeUndefined();
});

test("voicemail is checked where it is asked for: app, role, the list of extensions and a colleague's mailbox", async () => {
  const records = [{ id: 101 }, { id: 102, extensionNumber: "9002", type: "User" }];
  const list = { body: { records, paging: { page: 1, totalPages: 1 } } };
  const good = { "/extension": list, "/102/message-store": { body: { records: [] } } };
  const asked = { kinds: ["calls", "voicemail"] as const };
  const told = async (changes: Record<string, ScriptedAnswer>, settings: Partial<World["settings"]>) =>
    (await checks({ ...good, ...changes }, settings)).by("voicemail");
  expect(await told({}, {})).toMatchObject({ status: "skipped" });
  const lacking = { status: "failed", message: "The app lacks ReadMessages and ReadAccounts.", exitCode: 7 };
  expect(await told({}, asked)).toMatchObject(lacking);
  const scope = "ReadCallLog ReadCallRecording ReadMessages ReadAccounts";
  const allowed = { "/oauth/token": { body: { access_token: "t", expires_in: 3600, owner_id: "101", scope } } };
  expect(await told(allowed, asked)).toMatchObject({ status: "ok", message: expect.stringContaining("2 mailboxes") });
  const closed = { status: 403, body: { errorCode: "CMN-408", permissionName: "ReadMessages" } };
  expect(await told({ ...allowed, "/102/message-store": closed }, asked)).toMatchObject({
    status: "failed",
    exitCode: 7,
  });
  expect(await told({ ...allowed, "/authz-profile/check": { body: { successful: false } } }, asked)).toMatchObject({
    status: "failed",
    message: "The user's role lacks ReadMessages.",
  });
  expect(await told({ ...allowed, "/extension": closed }, asked)).toMatchObject({ status: "failed", exitCode: 7 });
});

test("insights are checked where they are asked for; a recording fails for the lack of none", async () => {
  const told = async (changes: Record<string, ScriptedAnswer>, insights = true) =>
    (await checks(changes, { insights })).by("insights");
  const login = (scope: string) => ({ "/oauth/token": { body: { access_token: "t", expires_in: 3600, scope } } });
  expect(await told({}, false)).toMatchObject({ status: "skipped" });
  expect(await told(login("ReadCallLog"))).toMatchObject({ status: "warning", message: "The app lacks RingSense." });
  expect(await told(login("ReadCallLog RingSense"))).toMatchObject({ status: "ok" });
  const denied = { ...login("RingSense"), "/authz-profile/check": { body: { successful: false } } };
  expect(await told(denied)).toMatchObject({
    status: "warning",
    message: "The user's role lacks ReadRingSenseInsights.",
  });
});
