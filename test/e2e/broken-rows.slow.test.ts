import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

const head = "datasource,voicelocation,voicefilename,start\n";
const row = (n: number) => `3,4,N${n},2026-11-0${n} 10:00:00\n`;
const json = (id: unknown) => JSON.stringify({ datasource: 3, voicelocation: 4, voicefilename: id });

/** What `list` makes of rows that come through a pipe: its exit code, the ids and what was said. */
async function listed(source: "tim" | "ringcentral", input: string, ...flags: string[]) {
  using home = openTempFolder();
  const tim = { TIM_URL: "http://127.0.0.1:9", TIM_USERNAME: "user", TIM_PASSWORD: "word" };
  const login = { RC_APP_CLIENT_ID: "client", RC_APP_CLIENT_SECRET: "secret", RC_USER_JWT: "a.b.c" };
  const env = { HOME: home.path, TZ: "UTC", ...tim, ...login, RC_SERVER_URL: "http://127.0.0.1:9" };
  const args = ["list", "-s", source, "--rows", "-", "--json", "--no-input", ...flags];
  const { code, out, err } = await runHere(args, { env, cwd: home.path, input });
  const lines = out.split("\n").filter((line) => line !== "");
  return { code, err, ids: lines.map((line) => (JSON.parse(line) as { id: string }).id) };
}

test.each([
  ["a second header in another order", `${head}${row(1)}start,datasource,voicelocation,voicefilename\nx,3,4,N2\n`],
  ["a second header with fewer columns", `${head}${row(1)}datasource,voicefilename,voicelocation\n3,N2,4\n`],
  ["a file that ends in the middle of a row", `${head}${row(1)}3,4,N`],
  ["a file that ends before the id", `${head}${row(1)}3,4,`],
  ["rows inside a quoted value", `${head.replace("start", "name")}3,4,N1,"A\n3,4,N2,x\n3,4,N3,y"\n`],
  ["two columns of one name that differ", "datasource,voicelocation,voicefilename,voicefilename\n3,4,,N1\n"],
  ["another table's ids in a join", "calls.voicefilename,a.datasource,a.voicelocation,a.voicefilename\n,3,4,N1\n"],
  ["a script's JSON", `var rows = [${json("N1")}];\n`],
  ["JSON after a comment", `/* calls */ [${json("N1")}]`],
  ["JSON in a string", JSON.stringify(`[${json("N1")}]`)],
  ["null", "null"],
  ["a list of ids", "[401786810001,401786810002]"],
  ["two lists in an object", `{"items":[${json("N1")}],"calls":[${json("N2")}]}`],
  ["columns instead of rows", '{"datasource":[3,3],"voicelocation":[4,4],"voicefilename":["N1","N2"]}'],
  ["an id that is an object", json({ $oid: "a" })],
  ["an id that is false", json(false)],
  ["zero bytes in an id", `${head}3,4,N\u00001,\n`],
])("TIM: %s ends with 2", async (_, text) => {
  const { code, err } = await listed("tim", text);
  expect([code, err]).toEqual([2, expect.stringMatching(/line|:\d+:|contains no rows|more than one list/)]);
});

test.each([
  ["recorded, but no column tells what", "id,sessionId,recording\n401786810001,9,Yes\n"],
  ["an object without an id", 'id,sessionId,recording\nC1,9,"{""type"": ""Automatic""}"\n'],
  ["digits lost inside a cell", "sessionId,recording\n9,{'id': 4.01787e+11}\n"],
  ["legs that were cut", '[{"id":"C1","sessionId":"9","startTime":"2026-11-01T10:00:00Z","legs":"System.Object[]"}]'],
])("RingCentral: %s ends with 2", async (_, text) => {
  const { code, ids, err } = await listed("ringcentral", text);
  expect([code, ids, err]).toEqual([2, [], expect.stringMatching(/-:\d+: not a RingCentral recording/)]);
});

const call = { id: "401", sessionId: "9", startTime: "2026-11-01T10:00:00Z" };

test.each([
  ["flattened legs beside a call's id of digits", "id,recording.id,legs.0.recording.id\n1,,401786810001\n"],
  ["legs as one object", JSON.stringify([{ ...call, legs: { recording: { id: "401786810001" } } }])],
  ["a list of recordings", JSON.stringify([{ ...call, recordings: [{ id: "401786810001" }] }])],
  ["names in capitals", '[{"Id":"1","SessionId":"9","StartTime":"2026-11-01","Recording":{"Id":"401786810001"}}]'],
  [
    "the eleven hundredth leg",
    JSON.stringify([{ ...call, legs: [...Array(1100), { recording: { id: "401786810001" } }] }]),
  ],
])("RingCentral: %s gives its recording", async (_, text) => {
  expect(await listed("ringcentral", text)).toMatchObject({ code: 0, ids: ["401786810001"] });
});

test("ids that a program, a printer or another alphabet made are refused, quotes around them are not part of them", async () => {
  const damaged = [
    "4.01787×10^11",
    "4٫01787E+11",
    "401٬786٬810",
    "٤٠١٧٨٦",
    "4017 8681",
    "#WERT!",
    "UUID('a')",
    "['N1']",
    "TRUE",
  ];
  const refused = await listed("tim", head + damaged.map((id) => `3,4,"${id}",\n`).join(""));
  expect([refused.code, refused.ids, refused.err.match(/was damaged/g)?.length]).toEqual([2, [], damaged.length + 1]);
  const wrapped = ["'N1'", "“N2”", "`N3`", "\u200bN4", "«N5»", '""N6""'];
  const read = await listed("tim", head + wrapped.map((id) => `3,4,"${id}",\n`).join(""));
  expect([read.code, read.ids.sort()]).toEqual([0, ["N1", "N2", "N3", "N4", "N5", "N6"]]);
});

test("more spellings of nothing are no ids", async () => {
  const words = ["NONE", "na", "(blank)", "<empty>", "-", "—", "#NV", "(Null)", "pd.NA", "DBNULL", "$null", "nil"];
  const { code, ids, err } = await listed("tim", head + words.map((word) => `3,4,${word},\n`).join("") + row(1));
  expect([code, ids, err]).toEqual([0, ["N1"], ""]);
});

test.each(["1900-01-01 00:00:00", "0001-01-01T00:00:00", "1970-01-01T00:00:00Z", "29/11/2569 10:00"])(
  "a start of %s is an unknown one: with a window it is told",
  async (start) => {
    const { code, ids, err } = await listed("tim", `${head}3,4,N1,${start}\n${row(2)}`, "--from", "2026-11-01");
    expect([code, ids]).toEqual([3, ["N2"]]);
    expect(err).toMatch(/1 recording left out/);
  },
);
