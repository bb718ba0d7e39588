import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { openSandbox } from "../../src/sandbox/index.ts";
import { ask, tokenUrl } from "./tim/client.ts";

test("both systems share one clock and one event log, and the environment reaches both", async () => {
  const sandbox = await openSandbox({ ringcentral: { data: { recordings: 3 } }, tim: { data: { rows: 5 } } });
  const { env, ringcentral, tim, clock, events } = sandbox;
  expect(env).toMatchObject({
    RC_SERVER_URL: ringcentral.apiUrl,
    RC_MEDIA_URL: ringcentral.mediaUrl,
    TIM_URL: tim.timUrl,
    TIM_USERNAME: "callreel",
    CALLREEL_ROWS: sandbox.rowsFile,
  });
  const url = await tokenUrl(tim);
  clock.advance(60_000);
  expect((await ask(url)).status).toBe(403);
  await fetch(`${ringcentral.apiUrl}/restapi/v1.0/account/~/call-log`);
  await expect.poll(() => new Set(events.all().map(({ kind }) => kind)).size).toBeGreaterThan(2);
  expect(events.count(({ kind }) => kind === "tim-answer")).toBe(1);
  await sandbox.close();
});

test("the calls-table file holds TIM's rows, is private, and is gone after close", async () => {
  const sandbox = await openSandbox({ tim: { data: { rows: 30 } } });
  const rows = parse(readFileSync(sandbox.rowsFile), { columns: true });
  const nullsAsEmpty = sandbox.tim
    .rows()
    .map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v ?? ""])));
  expect(rows).toEqual(nullsAsEmpty);
  await sandbox.close();
  expect(existsSync(dirname(sandbox.rowsFile))).toBe(false);
});

test("a port that is taken closes what was opened before", async () => {
  const sandbox = await openSandbox();
  const api = await openSandbox().then(async (other) => {
    await other.close();
    return Number(new URL(other.ringcentral.apiUrl).port);
  });
  const taken = Number(new URL(sandbox.tim.echoUrl).port);
  await expect(openSandbox({ ports: { ringcentral: api, echo: taken } })).rejects.toThrow(/EADDRINUSE/);
  await expect(fetch(`http://127.0.0.1:${api}/`)).rejects.toThrow();
  await sandbox.close();
});
