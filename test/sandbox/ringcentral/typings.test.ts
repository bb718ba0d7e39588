import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { WebSocket } from "undici";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf, jwtBearer } from "./client.ts";

/** A busy machine takes its time for a program or a file. */
const patience = 150_000;

const require = createRequire(import.meta.url);
const definitions = join(dirname(require.resolve("@rc-ex/core")), "definitions");
const compiler = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");

let sandbox: RingCentralSandbox;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(import.meta.dirname, "typings-"));
  sandbox = await openRingCentralSandbox({
    data: { recordings: 34 },
    settings: { callLog: { totals: true, provisional: { chosen: { every: 3 }, completeAfterSeconds: 9e6 } } },
  });
});
afterEach(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Assigns each answer to the SDK's type of that name, as literals: a field or a word that the type has not is an error. */
function compiled(answers: readonly (readonly [type: string, answer: unknown])[]): {
  status: number | null;
  out: string;
} {
  const names = [...new Set(answers.map(([type]) => type))];
  const imports = names.map((name) => `import type ${name} from ${JSON.stringify(`${definitions}/${name}.mjs`)};`);
  const values = answers.map(([type, answer], at) => `export const answer${at}: ${type} = ${JSON.stringify(answer)};`);
  const file = join(folder, "answers.mts");
  writeFileSync(file, `${[...imports, ...values].join("\n")}\n`);
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--ignoreConfig", "--module", "nodenext", "--types", ""];
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...flags, file], { encoding: "utf8", cwd: folder });
  return { status, out: stdout };
}

/** A subscription to the account's calls, as a client of the vendor's guide makes it, and the first event. */
async function subscription(token: string): Promise<{ socketToken: Body; info: Body; event: Body }> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${sandbox.apiUrl}/restapi/oauth/wstoken`, { method: "POST", headers });
  const socketToken: Body = await answer.json();
  const socket = new WebSocket(`${socketToken.uri}?access_token=${socketToken.ws_access_token}`);
  const heard: Body[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(JSON.parse(String(data))));
  const [details] = await vi.waitFor(() => heard[0] ?? Promise.reject(new Error("no details")), patience);
  expect(details).toMatchObject({ type: "ConnectionDetails", status: 200, wsc: { sequence: 1 } });
  const eventFilters = ["/restapi/v1.0/account/~/telephony/sessions"];
  const head = { type: "ClientRequest", messageId: "one", method: "POST", path: "/restapi/v1.0/subscription/" };
  socket.send(JSON.stringify([head, { eventFilters, deliveryMode: { transportType: "WebSocket" } }]));
  const [{ messageId }, info] = await vi.waitFor(() => heard[1] ?? Promise.reject(new Error("no answer")), patience);
  expect(messageId).toBe("one");
  sandbox.addCalls(1);
  const [{ type }, event] = await vi.waitFor(() => heard[2] ?? Promise.reject(new Error("no event")), patience);
  expect([type, event.subscriptionId]).toEqual(["ServerNotification", info.id]);
  socket.close();
  return { socketToken, info, event };
}

it("answers with nothing but what the official SDK's types hold", async () => {
  const client = clientOf(sandbox);
  const token = await (await client.grant({ grant_type: jwtBearer, assertion: sandbox.env.RC_USER_JWT })).json();
  client.use((token as { access_token: string }).access_token);
  const from = `dateFrom=${new Date(sandbox.clock.now() - 40 * 86_400_000).toISOString()}`;
  const log = await client.json(`/call-log?${from}&view=Detailed&perPage=250`);
  const { id } = log.records.find((record: Body) => record.recording).recording;
  const missing = await client.json("/recording/1");
  const seen = JSON.stringify(log);
  for (const field of ["finished", "partyId", "extensionId", "durationMs", "legs"])
    expect(seen).toContain(`"${field}"`);
  const { socketToken, info, event } = await subscription(client.token());
  const result = compiled([
    ["WsTokenResponse", socketToken],
    ["SubscriptionInfo", info],
    ["AccountTelephonySessionsEvent", event],
    ["TokenInfo", token],
    ["CallLogResponse", log],
    ["CallLogResponse", await client.json(`/call-log?${from}&perPage=3&page=2`)],
    ["CallLogSyncResponse", await client.json(`/call-log-sync?syncType=FSync&recordCount=5&${from}`)],
    ["GetExtensionListResponse", await client.json("/extension?perPage=4&page=2")],
    ["GetExtensionInfoResponse", await client.json("/extension/~")],
    ["GetCallRecordingResponse", await client.json(`/recording/${id}`)],
    ["GetMessageList", await client.json(`/extension/~/message-store?${from}&messageType=VoiceMail&perPage=1`)],
    ["GetMessageSyncResponse", await client.json(`/extension/~/message-sync?syncType=FSync&${from}`)],
    [
      "GetMessageInfoResponse",
      await client.json(
        `/extension/~/message-store/${sandbox.voicemail.all().find(({ extension }) => extension === 0)?.id}`,
      ),
    ],
    ["MessageStoreConfiguration", await client.json("/message-store-configuration")],
    ["CallRecordingSettingsResource", await client.json("/call-recording")],
    ["ApiErrorWithParameter", missing.errors[0]],
    // Code and message beside the list are what captures show; the types leave them out.
    ["ApiErrorResponseModel", { errors: (await client.json("/nothing-here")).errors }],
  ]);
  expect(result.out).toBe("");
  expect(result.status).toBe(0);
});

it("is held to them: a word that the SDK does not know is found", () => {
  const { status, out } = compiled([["CallLogResponse", { records: [{ direction: "Sideways" }] }]]);
  expect([status, out]).toEqual([expect.not.stringMatching("0"), expect.stringContaining("Sideways")]);
});
