import { createHash } from "node:crypto";
import RestClient from "@rc-ex/core";
import { SDK } from "@ringcentral/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";

let sandbox: RingCentralSandbox;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox();
});
afterEach(() => sandbox.close());

const lastMonth = () => new Date(sandbox.clock.now() - 31 * 86_400_000).toISOString();
const sha256 = (bytes: ArrayBuffer) => createHash("sha256").update(new Uint8Array(bytes)).digest("hex");

describe("the official @rc-ex/core SDK", () => {
  it("logs in with a JWT, lists calls and downloads a recording byte for byte", async () => {
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const rc = new RestClient({ server, clientId, clientSecret });
    await rc.authorize({ jwt: sandbox.env.RC_USER_JWT });
    const log = await rc
      .restapi()
      .account()
      .callLog()
      .list({ dateFrom: lastMonth(), view: "Detailed", recordingType: "All" });
    const recording = log.records!.find((record) => record.recording)!.recording!;
    const content = await rc.get<ArrayBuffer>(recording.contentUri!, undefined, { responseType: "arraybuffer" });
    expect(content.headers["content-type"]).toBe("audio/mpeg");
    expect(sha256(content.data)).toBe(sandbox.sha256Of(recording.id!));
    await rc.revoke();
    await expect(rc.restapi().account().callLog().list()).rejects.toThrow();
  });

  it("reads RingSense's insights, and is told where there are none", async () => {
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const rc = new RestClient({ server, clientId, clientSecret });
    await rc.authorize({ jwt: sandbox.env.RC_USER_JWT });
    const [{ id } = { id: "" }] = sandbox.recordings();
    const records = rc.ai().ringsense().v1().public().accounts("~").domains("pbx").records(id);
    const { sourceRecordId, insights } = await records.insights().get();
    expect([sourceRecordId, insights?.Transcript?.length, insights?.Summary?.length]).toEqual([id, 4, 1]);
    expect(Object.keys((await records.insights().get({ insightTypes: ["Summary"] })).insights ?? {})).toEqual([
      "Summary",
    ]);
    for (const [settings, status] of [
      [{ missing: "all" as const }, 404],
      [{ licensed: false }, 404],
    ] as const) {
      Object.assign(sandbox.settings.insights, settings);
      await expect(records.insights().get()).rejects.toMatchObject({ response: { status } });
    }
    sandbox.settings.insights.licensed = true;
    sandbox.settings.withheldPermissions = ["ReadRingSenseInsights"];
    await expect(records.insights().get()).rejects.toMatchObject({ response: { status: 403 } });
  });

  it("rotates the pair on refresh", async () => {
    sandbox.settings.app.issueRefreshTokens = true;
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const rc = new RestClient({ server, clientId, clientSecret });
    const first = { ...(await rc.authorize({ jwt: sandbox.env.RC_USER_JWT })) };
    const second = await rc.refresh();
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await rc.restapi().account().callRecording().get()).automatic?.retentionPeriod).toBe(90);
  });

  it("reads the error that the vendor's documentation gives", async () => {
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const rc = new RestClient({ server, clientId, clientSecret });
    await expect(rc.authorize({ jwt: "not.a.jwt" })).rejects.toMatchObject({
      response: { status: 400, data: { error: "invalid_grant" } },
    });
  });
});

describe("the official @ringcentral/sdk", () => {
  it("logs in with a JWT, follows the pages and downloads every recording byte for byte", async () => {
    sandbox.settings.limits.heavy.limit = 1_000;
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const platform = new SDK({ server, clientId, clientSecret }).platform();
    await platform.login({ jwt: sandbox.env.RC_USER_JWT });
    const ids = new Map<string, string>();
    let next: string | undefined = `/restapi/v1.0/account/~/call-log?view=Detailed&perPage=7&dateFrom=${lastMonth()}`;
    while (next !== undefined) {
      const page = await (await platform.get(next)).json();
      for (const record of page.records) {
        for (const { recording } of [record, ...record.legs])
          if (recording) ids.set(recording.id, recording.contentUri);
      }
      next = page.navigation.nextPage?.uri;
    }
    expect([...ids.keys()].toSorted()).toEqual(
      sandbox
        .recordings()
        .map(({ id }) => id)
        .toSorted(),
    );
    for (const [id, contentUri] of ids) {
      const answer = await platform.get(contentUri);
      expect(sha256(await answer.arrayBuffer())).toBe(sandbox.sha256Of(id));
    }
    expect(sandbox.stats()).toMatchObject({ violations: 0, tokensInUrls: 0, tokenRequests: 1 });
  });

  it("comes through a token that died, once the app issues refresh tokens", async () => {
    sandbox.settings.app.issueRefreshTokens = true;
    const { RC_SERVER_URL: server, RC_APP_CLIENT_ID: clientId, RC_APP_CLIENT_SECRET: clientSecret } = sandbox.env;
    const platform = new SDK({ server, clientId, clientSecret }).platform();
    await platform.login({ jwt: sandbox.env.RC_USER_JWT });
    sandbox.clock.advance(3_601_000);
    const answer = await platform.get("/restapi/v1.0/account/~/extension/~");
    expect((await answer.json()).name).toBe("Ada Admin");
    expect(sandbox.stats().tokenRequests).toBe(2);
  });
});
