import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

const head = "datasource,voicelocation,voicefilename,start\n";

/** What `list` makes of rows that come through a pipe: exit code, keys and what was said. */
async function listed(input: string, ...flags: string[]) {
  using home = openTempFolder();
  const env = { HOME: home.path, TZ: "UTC", TIM_URL: "http://127.0.0.1:9", TIM_USERNAME: "u", TIM_PASSWORD: "p" };
  const args = ["list", "-s", "tim", "--rows", "-", "--json", "--no-input", ...flags];
  const { code, out, err } = await runHere(args, { env, cwd: home.path, input });
  const lines = out.split("\n").filter((line) => line !== "");
  return { code, err, starts: lines.map((line) => (JSON.parse(line) as { call: { start?: string } }).call.start) };
}

test("two calls under one id are told, and the rows around them are read", async () => {
  const rows =
    "3,4,N1,2026-11-28 10:00:00\n3,4,N1,2026-11-28 10:00:00\n3,4,N1,2026-11-29 10:00:00\n3,4,N2,2026-11-28 10:00:00\n";
  const { code, err, starts } = await listed(head + rows);
  expect([code, starts.length]).toEqual([2, 2]);
  expect(err).toMatch(/-:4: names recording N1 like an earlier row, but for a different call/);
});

test("with a window, a start that cannot be read ends with 3, and none that can with 2", async () => {
  const some = await listed(`${head}3,4,N1,29/11/2026 10:00\n3,4,N2,soon\n`, "--from", "2026-11-01");
  expect([some.code, some.starts]).toEqual([3, ["2026-11-29T10:00:00"]]);
  expect(some.err).toMatch(/1 recording left out: their rows do not say whether they are selected/);
  const none = await listed(`${head}3,4,N1,later\n3,4,N2,soon\n`, "--from", "2026-11-01");
  expect([none.code, none.starts]).toEqual([2, []]);
  expect(none.err).toMatch(/--row-dates/);
});

test("day and month are told apart by the file, by a flag, or not at all", async () => {
  const row = `${head}3,4,N1,05/11/2026 10:00\n`;
  const refused = await listed(row, "--from", "2026-01-01");
  expect([refused.code, refused.starts]).toEqual([2, []]);
  expect((await listed(row, "--from", "2026-11-01", "--row-dates", "dmy")).starts).toEqual(["2026-11-05T10:00:00"]);
  expect((await listed(row, "--from", "2026-05-01", "--row-dates", "mdy")).starts).toEqual(["2026-05-11T10:00:00"]);
  const free = await listed(row);
  expect([free.code, free.starts]).toEqual([0, [undefined]]);
  expect(free.err).toMatch(/in more than one way/);
});

test.each([
  ["--from", "99999999999999d"],
  ["--to", "+275760-01-01"],
  ["--min-age", "99999999999999d"],
])("%s %s is refused with a sentence", async (flag, value) => {
  const { code, err } = await listed(head, flag, value);
  expect(code).toBe(2);
  expect(err).toMatch(new RegExp(`${flag}: `));
  expect(err).not.toMatch(/\n\s+at /);
});

test("damaged ids, cut rows and drawn tables through a pipe", async () => {
  expect((await listed(`${head}3.0,4,N1,\n3,4,2.02601E+16,\n3,4\n3,4,N4,2026-11-28\n`)).code).toBe(2);
  const box =
    "+---+---+---+\n| datasource | voicelocation | voicefilename |\n+---+---+---+\n| 3 | 4 | N |\n+---+---+---+\n";
  expect(await listed(box)).toMatchObject({ code: 0, starts: [undefined] });
});

test("adopt and link read on after bad rows, tell each, and end with 2", async () => {
  using home = openTempFolder();
  const env = { HOME: home.path, TZ: "UTC" };
  const archive = join(home.path, "archive");
  mkdirSync(archive);
  for (const id of ["401786818001", "401786818003"]) writeFileSync(join(archive, `${id}.wav`), wav());
  const bad = "4.01787E+11,\n401786818003.0,\n";
  const input = `recordingId,startTime\n401786818001,2026-11-28T10:00:00Z\n${bad}401786818003,2026-11-28T11:00:00Z\n`;
  const adopted = await runHere(["adopt", archive, "-d", archive, "--rows", "-"], { env, input });
  expect([adopted.code, adopted.err]).toEqual([2, expect.stringContaining("2 recordings")]);
  expect(adopted.err.match(/-:[34]: /g)).toHaveLength(2);
  const broken = await runHere(["adopt", archive, "-d", archive, "--rows", "-"], { env, input: `recordingId\n${bad}` });
  expect([broken.code, broken.err]).toEqual([2, expect.stringContaining("none of its 2 rows can be read")]);

  const linked = await runHere(["link", "--rows", "-"], { env, input: `recordingId\n${bad}401786818001\n` });
  expect([linked.code, linked.out]).toEqual([2, expect.stringMatching(/\/r\/ringcentral\/401786818001\n$/)]);
  expect(linked.err.match(/-:[23]: /g)).toHaveLength(2);
  const none = await runHere(["link", "--rows", "-"], { env, input: `recordingId\n${bad}` });
  expect([none.code, none.out]).toEqual([2, ""]);
});

test("what a selection asks for and a row does not tell is told, never left out in silence; an unknown length is taken", async () => {
  using home = openTempFolder();
  const listing = (flags: readonly string[], input: string) =>
    runHere(["list", "-s", "ringcentral", "--rows", "-", "--json", ...flags], {
      env: {
        HOME: home.path,
        TZ: "UTC",
        RC_SERVER_URL: "http://127.0.0.1:9",
        RC_APP_CLIENT_ID: "c",
        RC_APP_CLIENT_SECRET: "s",
        RC_USER_JWT: "a.b.c",
      },
      input,
    });
  const columns = "recordingId,duration,direction,from,to,extension\n";
  const input = `${columns}401786818001,,,,,\n401786818002,5,Inbound,+442071838750,101,101\n401786818003,90,Outbound,102,+442071838751,102\n`;
  const found = async (...flags: string[]) => {
    const { code, out, err } = await listing(flags, input);
    return [
      code,
      out
        .match(/"id":"40178681800\d/g)
        ?.map((id) => id.at(-1))
        .join("") ?? "",
      /do not say/.test(err),
    ];
  };
  expect(await found("--min-duration", "10s")).toEqual([0, "13", false]);
  expect(await found("--direction", "inbound")).toEqual([3, "2", true]);
  expect(await found("--extension", "102")).toEqual([3, "3", true]);
  expect(await found("--number", "+442071838751")).toEqual([3, "3", true]);
  expect(await found()).toEqual([0, "123", false]);
});
