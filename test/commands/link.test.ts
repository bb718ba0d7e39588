import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../src/cli/program.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-link-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function link(args: readonly string[], input = "") {
  const io = testIo({ HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home }, input);
  const code = await main(["link", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

const here = "http://127.0.0.1:8080";

test.each([
  ["401786818008", `${here}/r/ringcentral/401786818008`],
  [
    "https://media.ringcentral.com/restapi/v1.0/account/1/recording/401786818008/content",
    `${here}/r/ringcentral/401786818008`,
  ],
  ["/r/ringcentral/401786818008", `${here}/r/ringcentral/401786818008`],
  ["/r/tim/3/4/NCS 1(2)", `${here}/r/tim/3/4/NCS%201%282%29`],
  ["https://calls.example/r/tim/3/4/NCS1", `${here}/r/tim/3/4/NCS1`],
])("%s becomes its permanent URL, without any login", async (id, url) => {
  expect(await link([id])).toEqual({ code: 0, out: `${url}\n`, err: "" });
});

test("--player-url says where the player is", async () => {
  const { out } = await link(["4001", "--player-url", "https://calls.example/"]);
  expect(out).toBe("https://calls.example/r/ringcentral/4001\n");
});

test("one row is enough", async () => {
  const { out } = await link(["--rows", "-"], "datasource,voicelocation,voicefilename\n3,4,NCS0001\n");
  expect(out).toBe(`${here}/r/tim/3/4/NCS0001\n`);
});

test.each([
  [[], "", /needs a recording/],
  [["4001", "--rows", "-"], "a", /needs a recording/],
  [["not an id"], "", /not a RingCentral recording id/],
  [["--rows", "-"], "datasource,voicelocation,voicefilename\n3,4,A\n3,4,B\n", /exactly one.* have 2/],
  [["--direct", "4001"], "", /RC_APP_CLIENT_ID/],
])("link %j is refused with what to do", async (args, input, why) => {
  const { code, out, err } = await link(args, input);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(why);
});

test("an id that was typed counts for more than rows of the environment", async () => {
  const io = testIo({ HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, CALLREEL_ROWS: "calls.csv" });
  expect(await main(["link", "4001"], io)).toBe(0);
  expect(io.out()).toBe(`${here}/r/ringcentral/4001\n`);
});
