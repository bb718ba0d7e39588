import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { testIo } from "../helpers/test-io.ts";

test("--max-duration is one deadline from the program's start: what was asked before the run counts", async () => {
  const home = mkdtempSync(join(tmpdir(), "callreel-deadline-"));
  const io = testIo({
    HOME: home,
    NO_PROXY: "127.0.0.1",
    RC_APP_CLIENT_ID: "c",
    RC_APP_CLIENT_SECRET: "s",
    RC_USER_JWT: "a.b.c",
  });
  let lateMs = 0;
  const waits: number[] = [];
  const clock = {
    ...io.clock,
    monotonic: () => lateMs,
    sleep: (ms: number, signal: AbortSignal) => {
      waits.push(ms);
      return io.clock.sleep(ms, signal);
    },
  };
  await using server = await openScriptedServer(({ path }) => {
    if (path === "/restapi") lateMs += 1_000_000;
    if (path === "/restapi/oauth/token") return { body: { access_token: "t", token_type: "bearer", expires_in: 3600 } };
    return path.endsWith("/call-log") ? { body: { records: [], navigation: {} } } : { body: {} };
  });
  const args = ["download", "-s", "ringcentral", "--from", "7d", "-d", join(home, "a"), "--max-duration", "3000s"];
  Object.assign(io.env, { RC_SERVER_URL: server.origin });
  const code = await main(args, { ...io, clock });
  expect([code, io.err()]).toEqual([0, expect.anything()]);
  expect(waits.slice(0, 2)).toContain(3_000_000);
  expect(waits).toContain(2_000_000);
  expect(waits.filter((ms) => ms === 3_000_000)).toHaveLength(1);
  rmSync(home, { recursive: true, force: true });
});
