import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf, codeOf, jwtBearer } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox({ settings: { limits: { auth: { limit: 1_000 } } } });
  client = clientOf(sandbox);
});
afterEach(() => sandbox.close());

const whoAmI = () => client.get("/extension/~");

describe("the token endpoint", () => {
  it("grants an hour for a JWT, without a refresh token unless the app issues them", async () => {
    const body = await client.login();
    expect(body).toMatchObject({ token_type: "bearer", expires_in: 3_600, owner_id: "62264425008" });
    expect(body.scope.split(" ")).toContain("ReadCallRecording");
    expect(body).not.toHaveProperty("refresh_token");
    expect(((await (await whoAmI()).json()) as Body).extensionNumber).toBe("101");
  });

  it("keeps access_token_ttl within 600 and 3600 seconds", async () => {
    for (const [asked, given] of [
      ["10", 600],
      ["1200", 1_200],
      ["90000", 3_600],
    ] as const) {
      const fields = { grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT, access_token_ttl: asked };
      expect(((await (await client.grant(fields)).json()) as Body).expires_in).toBe(given);
    }
  });

  it("refuses grants that were removed, that the app may not use, and JSON bodies", async () => {
    for (const grant of ["password", "device_code", "client_credentials", ""]) {
      const answer = await client.grant({ grant_type: grant, username: "a", password: "b" });
      expect([answer.status, await codeOf(answer)]).toEqual([400, "OAU-250"]);
    }
    sandbox.settings.app.grants = ["authorization_code"];
    const disabled = await client.grant({ grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT });
    expect([disabled.status, await codeOf(disabled)]).toEqual([400, "OAU-251"]);
    const json = await fetch(`${sandbox.apiUrl}/restapi/oauth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: client.basic },
      body: JSON.stringify({ grant_type: jwtBearer }),
    });
    expect(json.status).toBe(400);
  });

  it("refuses a wrong client as captured on the wire, or as documented", async () => {
    const wrong = { Authorization: `Basic ${btoa(`${sandbox.env.RC_APP_CLIENT_ID}:wrong`)}` };
    const fields = { grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT };
    const answer = await client.form("/restapi/oauth/token", fields, wrong);
    expect([answer.status, await codeOf(answer)]).toEqual([400, "OAU-153"]);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_client"');
    sandbox.settings.app.badClient = "OAU-146";
    const documented = await client.form("/restapi/oauth/token", fields, {});
    expect([documented.status, await codeOf(documented)]).toEqual([401, "OAU-146"]);
  });

  it("refuses a JWT that is unknown, expired or signed with HS256", async () => {
    const code = async (assertion: string) => codeOf(await client.grant({ grant_type: jwtBearer, assertion }));
    expect(await code("a.b.c")).toBe("OAU-213");
    const hs256 = `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.e30.x`;
    expect(await code(hs256)).toBe("OAU-347");
    sandbox.clock.advance(11 * 365 * 86_400_000);
    expect(await code(sandbox.env.RC_USER_JWT)).toBe("OAU-210");
  });

  it("counts token requests, and how many ran at once", async () => {
    sandbox.settings.tokens.delayMs = 1000;
    await Promise.all([client.login(), client.login(), client.login()]);
    expect(sandbox.stats()).toMatchObject({ tokenRequests: 3, tokenRequestsAtOnce: { now: 0, most: 3 } });
  });

  it("allows five requests a minute for an application and then penalises", async () => {
    sandbox.settings.limits.auth.limit = 5;
    for (let index = 0; index < 5; index++) await client.login();
    const sixth = await client.grant({ grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT });
    expect([sixth.status, await codeOf(sixth)]).toEqual([429, "CMN-301"]);
    expect(sixth.headers.get("x-rate-limit-group")).toBe("auth");
    expect(sixth.headers.get("retry-after")).toBe("60");
  });
});

describe("sessions", () => {
  it("expire after their time", async () => {
    await client.login();
    sandbox.clock.advance(3_600_001);
    const answer = await whoAmI();
    expect([answer.status, await codeOf(answer)]).toEqual([401, "OAU-213"]);
    sandbox.settings.tokens.expiredCode = "OAU-128";
    expect(await codeOf(await whoAmI())).toBe("OAU-128");
  });

  it("number five for a user and an app: the sixth login pushes the oldest out", async () => {
    const { access_token: first } = await client.login();
    for (let index = 0; index < 4; index++) await client.login();
    client.use(first);
    expect((await whoAmI()).status).toBe(200);
    await client.login();
    client.use(first);
    expect(await codeOf(await whoAmI())).toBe("OAU-213");
    expect(sandbox.events.total("session-evicted")).toBe(1);
  });

  it("end whole when a token is revoked, and revoking answers 200 with nothing", async () => {
    const { access_token: token } = await client.login();
    const answer = await client.form("/restapi/oauth/revoke", { token });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect((await whoAmI()).status).toBe(401);
    const empty = await client.form("/restapi/oauth/revoke", { token: "" });
    expect([empty.status, await codeOf(empty)]).toEqual([400, "CMN-101"]);
  });

  it("cannot be revoked by another app", async () => {
    const { access_token: token } = await client.login();
    const answer = await client.form("/restapi/oauth/revoke", { token, client_id: "another" }, {});
    expect(await codeOf(answer)).toBe("OAU-164");
    expect((await whoAmI()).status).toBe(200);
  });
});

describe("refreshing", () => {
  const refresh = async (token: string) => client.grant({ grant_type: "refresh_token", refresh_token: token });
  beforeEach(() => {
    sandbox.settings.app.issueRefreshTokens = true;
  });

  it("returns a new pair, and the old access token dies at once", async () => {
    const first = await client.login();
    const second: Body = await (await refresh(first.refresh_token)).json();
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await whoAmI()).status).toBe(401);
    client.use(second.access_token);
    expect((await whoAmI()).status).toBe(200);
  });

  it("repeats the same pair for an hour while the new access token is unused", async () => {
    const first = await client.login();
    const second: Body = await (await refresh(first.refresh_token)).json();
    sandbox.clock.advance(59 * 60_000);
    const again: Body = await (await refresh(first.refresh_token)).json();
    expect(again.access_token).toBe(second.access_token);
    sandbox.clock.advance(2 * 60_000);
    expect(await codeOf(await refresh(first.refresh_token))).toBe("OAU-213");
  });

  it("repeats the pair for ten seconds once the new access token was used", async () => {
    const first = await client.login();
    const second: Body = await (await refresh(first.refresh_token)).json();
    client.use(second.access_token);
    await whoAmI();
    sandbox.clock.advance(5_000);
    expect(((await (await refresh(first.refresh_token)).json()) as Body).refresh_token).toBe(second.refresh_token);
    sandbox.clock.advance(6_000);
    const late = await refresh(first.refresh_token);
    expect([late.status, await codeOf(late)]).toEqual([400, "OAU-213"]);
  });

  it("ends after a week", async () => {
    const { refresh_token: token } = await client.login();
    sandbox.clock.advance(604_800_001);
    expect(await codeOf(await refresh(token))).toBe("OAU-210");
  });
});

describe("logging in through the browser", () => {
  const redirectUri = "http://localhost:5000/oauth2callback";
  const verifier = "v".repeat(43);
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const visit = (more: Record<string, string> = {}) => {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: sandbox.env.RC_APP_CLIENT_ID,
      redirect_uri: redirectUri,
      state: "s1",
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...more,
    });
    return fetch(`${sandbox.apiUrl}/restapi/oauth/authorize?${query}`, { redirect: "manual" });
  };
  const returned = (answer: Response) => new URL(answer.headers.get("location") ?? "").searchParams;
  const exchange = (code: string, more: Record<string, string> = {}) => {
    const fields = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
    const all = { ...fields, client_id: sandbox.env.RC_APP_CLIENT_ID, ...more };
    return client.form("/restapi/oauth/token", all, {});
  };

  it("sends the browser back with a code that works once, with its verifier", async () => {
    const answer = await visit();
    expect(answer.status).toBe(302);
    expect(returned(answer).get("state")).toBe("s1");
    expect(returned(answer).get("expires_in")).toBe("60");
    const code = returned(answer).get("code") ?? "";
    const body: Body = await (await exchange(code)).json();
    client.use(body.access_token);
    expect((await whoAmI()).status).toBe(200);
    expect(await codeOf(await exchange(code))).toBe("OAU-106");
  });

  it("refuses a wrong verifier, another redirect URI and a code older than a minute", async () => {
    const fresh = async () => returned(await visit()).get("code") ?? "";
    expect((await exchange(await fresh(), { code_verifier: "wrong" })).status).toBe(400);
    expect(await codeOf(await exchange(await fresh(), { redirect_uri: "http://127.0.0.1:5000/oauth2callback" }))).toBe(
      "OAU-109",
    );
    const old = await fresh();
    sandbox.clock.advance(60_001);
    expect(await codeOf(await exchange(old))).toBe("OAU-108");
  });

  it("says no when told to, and to the implicit grant; an unknown redirect URI gets a page", async () => {
    expect(returned(await visit({ response_type: "token" })).get("error")).toBe("unsupported_response_type");
    sandbox.settings.tokens.authorize = "deny";
    expect(returned(await visit()).get("error")).toBe("access_denied");
    const stray = await visit({ redirect_uri: "http://localhost:9/other" });
    expect([stray.status, stray.headers.get("location")]).toEqual([400, null]);
  });
});

describe("the gate in front of every call", () => {
  it("tells a missing, an unknown and a Basic credential apart", async () => {
    const url = `${sandbox.apiUrl}/restapi/v1.0/account/~/call-log`;
    const missing = await fetch(url);
    expect([missing.status, await codeOf(missing)]).toEqual([401, "AGW-401"]);
    expect(missing.headers.get("x-rate-limit-group")).toBeNull();
    const unknown = await fetch(url, { headers: { Authorization: "Bearer nonsense" } });
    expect(unknown.headers.get("www-authenticate")).toContain('Bearer realm="RingCentral REST API"');
    expect(await unknown.json()).toMatchObject({ errorCode: "TokenInvalid", errors: [{ errorCode: "OAU-149" }] });
    expect(await codeOf(await fetch(url, { headers: { Authorization: client.basic } }))).toBe("OAU-151");
  });

  it("takes access_token from the query on the media host only, and counts each such URL", async () => {
    const { access_token: token } = await client.login();
    const [recording] = sandbox.recordings();
    const path = `/restapi/v1.0/account/~/recording/${recording?.id}`;
    expect((await fetch(`${sandbox.mediaUrl}${path}/content?access_token=${token}`)).status).toBe(200);
    expect((await fetch(`${sandbox.apiUrl}${path}?access_token=${token}`)).status).toBe(401);
    expect(sandbox.stats().tokensInUrls).toBe(2);
  });

  it("is not in front of GET /restapi", async () => {
    expect((await fetch(`${sandbox.apiUrl}/restapi`)).status).toBe(200);
  });
});
