import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { Invocation } from "../../src/cli/io.ts";
import { sandbox } from "../../src/commands/sandbox.ts";
import { testIo } from "../helpers/test-io.ts";

test("--json prints one object of environment variables, then serves until it is stopped", async () => {
  const io = testIo({});
  const flags = {
    json: true,
    timRows: "3",
    timAuth: "digest",
    tokenTtl: "5",
    recordings: "2",
    rate: "50",
    window: "2",
  };
  const code = sandbox({ flags, io });
  await expect.poll(io.out).toContain("\n");
  const env = JSON.parse(io.out());
  expect(Object.keys(env).sort()).toEqual([
    "CALLREEL_ROWS",
    "RC_APP_CLIENT_ID",
    "RC_APP_CLIENT_SECRET",
    "RC_MEDIA_URL",
    "RC_SERVER_URL",
    "RC_USER_JWT",
    "TIM_PASSWORD",
    "TIM_URL",
    "TIM_USERNAME",
  ]);
  const settings = await (await fetch(`${env.TIM_URL}/_sandbox/settings`)).json();
  expect(settings).toMatchObject({ login: { mode: "digest" }, token: { ttlMs: 5_000 } });
  expect(await (await fetch(`${env.TIM_URL}/_sandbox/rows`)).json()).toHaveLength(3);
  expect(existsSync(env.CALLREEL_ROWS)).toBe(true);
  io.interrupt();
  expect(await code).toBe(130);
  expect(existsSync(env.CALLREEL_ROWS)).toBe(false);
  await expect(fetch(env.TIM_URL)).rejects.toThrow();
});

test("people get export lines that a shell understands, and two commands to try", async () => {
  const io = testIo({});
  const code = sandbox({ flags: { days: "9", timPort: "0" }, io });
  await expect.poll(io.out).toContain("Ctrl-C");
  const { execFileSync } = await import("node:child_process");
  const lines = io
    .out()
    .split("\n")
    .filter((line) => line.startsWith("  export "));
  const echoed = execFileSync("sh", ["-c", `${lines.join("\n")}\nprintf %s "$TIM_PASSWORD"`], { encoding: "utf8" });
  const settings = await (await fetch(`${/TIM +(http\S+?),/.exec(io.out())![1]}/_sandbox/settings`)).json();
  expect(echoed).toBe(settings.login.password);
  expect(io.out()).toContain("callreel download -s ringcentral --from 9d");
  expect(io.out()).toMatch(/callreel download -s tim --rows \S+calls\.csv/);
  io.interrupt();
  await code;
});

test.each<[Invocation["flags"], Record<string, string>, RegExp]>([
  [{ timPort: "70000" }, {}, /--tim-port: "70000" is not a whole number from 0 to 65535/],
  [{ timAuth: "kerberos" }, {}, /--tim-auth takes basic, /],
  [{}, { CALLREEL_TIM_ROWS: "many" }, /CALLREEL_TIM_ROWS: "many"/],
])("a wrong value is refused by name: %j %j", async (flags, env, message) => {
  await expect(sandbox({ flags, io: testIo(env) })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(message),
  });
});

test("a port that is taken is told with its number", async () => {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await expect(sandbox({ flags: { echoPort: String(port) }, io: testIo({}) })).rejects.toMatchObject({
    code: "usage",
    message: `Port ${port} is taken; give another port, or 0 for any free one.`,
  });
  server.close();
});
