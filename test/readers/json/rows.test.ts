import { describe, expect, test } from "vitest";
import { readStdin } from "../read.ts";

const a = { id: "1", name: 'brackets ]}[{ and \\"quotes\\" \\\\', legs: [{ records: [1, [2]] }], n: { records: 0 } };
const b = { id: "2", recording: { id: "22", contentUri: "https://media.example/22" } };

async function failure(text: string, pieceBytes?: number): Promise<{ code: string; message: string }> {
  const read = await readStdin(text, {}, pieceBytes).catch((error: Error & { code: string }) => error);
  if (!(read instanceof Error)) throw new Error("nothing was thrown");
  return { code: read.code, message: read.message };
}

const whole = {
  "a page of the call log": JSON.stringify({ uri: "x", records: [a, b], paging: { page: 1 }, navigation: {} }),
  "a page whose records come first, spread over lines": JSON.stringify(
    { records: [a, b], paging: { records: [9] } },
    null,
    2,
  ),
  "a bare array": JSON.stringify([a, b]),
  "a bare array spread over lines": JSON.stringify([a, b], null, "\t"),
  "a list of pages": JSON.stringify([{ records: [a] }, { records: [b] }], null, 1),
  "a list of pages on one line": JSON.stringify([{ records: [a] }, { records: [b] }]),
  "pages one after the other": [{ records: [a] }, { records: [b] }]
    .map((page) => JSON.stringify(page, null, 2))
    .join("\n"),
  "pages a line each": [{ records: [a] }, { records: [] }, { records: [b] }]
    .map((page) => JSON.stringify(page))
    .join("\n"),
  "single records one after the other": [a, b].map((record) => JSON.stringify(record, null, 2)).join("\n"),
  NDJSON: [a, b].map((record) => JSON.stringify(record)).join("\n"),
  "NDJSON with CRLF, blank lines and a byte order mark": `\ufeff${JSON.stringify(a)}\r\n\r\n${JSON.stringify(b)}\r\n`,
  "a JSON text sequence": [a, b].map((record) => `\x1e${JSON.stringify(record)}\n`).join(""),
};

describe.each(Object.entries(whole))("%s", (_, text) => {
  test.each([1, 3, 64 * 1024])("gives the same records in pieces of %i bytes", async (pieceBytes) => {
    const { fields, rejected } = await readStdin(text, {}, pieceBytes);
    expect(fields).toEqual([a, b]);
    expect(rejected).toEqual([]);
  });
});

test.each([1000, 65_537, 262_144])(
  "a list of any size on one line is cut only between characters (pieces of %i bytes)",
  async (pieceBytes) => {
    const records = Array.from({ length: 9000 }, (_, at) => ({
      id: String(at),
      name: "漢字 😀 é".repeat(1 + (at % 5)),
    }));
    expect((await readStdin(JSON.stringify({ records }), {}, pieceBytes)).fields).toEqual(records);
  },
);

test("one record alone is one row", async () => {
  expect((await readStdin(JSON.stringify(a, null, 2))).fields).toEqual([a]);
});

test("a record says its line where it has one of its own, else its number in the list", async () => {
  expect((await readStdin('\n{"id":"1"}\n\n{"id":"2"}\n')).rows.map(({ line }) => line)).toEqual([2, 4]);
  expect((await readStdin('{\n"id":"1"\n}\n{\n"id":"2"\n}\n')).rows.map(({ line }) => line)).toEqual([1, 4]);
  expect((await readStdin('[\n\n{"id":"1"},\n{"id":"2"}]')).rows.map(({ line }) => line)).toEqual([1, 2]);
});

test("what NDJSON from list and --error-file holds comes back as it is", async () => {
  const line = {
    source: "tim",
    key: "tim/3/4/x",
    locator: { datasource: "3" },
    call: { start: "2024-05-01" },
    code: "gone",
  };
  expect((await readStdin(`${JSON.stringify(line)}\n`)).fields).toEqual([line]);
});

test("integers that a number cannot hold stay text, others are numbers", async () => {
  const text =
    '[{"big":12345678901234567890,"neg":-12345678901234567890,"ok":9007199254740991,"f":1234567890123456.5,"s":"x 12345678901234567890"}]';
  expect((await readStdin(text)).fields).toEqual([
    {
      big: "12345678901234567890",
      neg: "-12345678901234567890",
      ok: 9007199254740991,
      f: 1234567890123456.5,
      s: "x 12345678901234567890",
    },
  ]);
});

describe("what is not a record", () => {
  test("is counted with its line in NDJSON, and the rest is read", async () => {
    const { fields, rejected } = await readStdin('{"id":"1"}\n{"id":"2\n[3,"x",null]\n{"id":4}}\n{"id":"5"}\n{"id":');
    expect(fields).toEqual([{ id: "1" }, { id: "5" }]);
    expect(rejected.map(({ message }) => message)).toEqual([
      "not valid JSON",
      ...["not a JSON object", "not a JSON object", "not a JSON object"],
      "not valid JSON",
      "not valid JSON",
    ]);
    expect(rejected.filter(({ message }) => message === "not valid JSON").map(({ line }) => line)).toEqual([2, 4, 6]);
  });

  test("is counted with its number in a list", async () => {
    const { fields, rejected } = await readStdin('[\n{"id":"1"}, 12, "a]b", {"id":nope}, null, {"id":"2"}\n]');
    expect(fields).toEqual([{ id: "1" }, { id: "2" }]);
    expect(rejected).toEqual([
      { file: "-", line: 2, message: "not a JSON object" },
      { file: "-", line: 3, message: "not a JSON object" },
      { file: "-", line: 4, message: "not valid JSON" },
      { file: "-", line: 5, message: "not a JSON object" },
    ]);
  });
});

describe("a text that is damaged", () => {
  test.each([
    ["cut in a list", '[\n{"id":"1"},\n{"id":"2"}'],
    ["cut in a record", '{"records":[\n{"id":"1"},\n{"id":'],
    ["cut in a string", '[\n{"id":"1"},{"id":"2'],
    ["cut after the records", '{"records":[\n{"id":"1"}],"paging":{'],
    ["with brackets too many", '[\n{"id":"1"}]\n]'],
    ["with a line break in a string", '[\n{"id":"1\n"}]'],
  ])("is never taken for a short one: %s", async (_, text) => {
    for (const pieceBytes of [1, 64 * 1024]) {
      const { code, message } = await failure(text, pieceBytes);
      expect(code).toBe("bad-rows");
      expect(message).toMatch(/^-, line \d: the JSON /);
    }
  });

  test("with an error of the API in it is a failed export", async () => {
    const answer = JSON.stringify({ errorCode: "AGW-401", message: "Authorization required", errors: [] });
    for (const text of [answer, JSON.stringify(JSON.parse(answer), null, 2), `{"records":[]}\n${answer}`]) {
      const { code, message } = await failure(text);
      expect(code).toBe("bad-rows");
      expect(message).toContain("AGW-401");
    }
  });

  test("with a record without end is refused before it fills the memory", async () => {
    const huge = `[{"id":"${"x".repeat(17 * 1024 * 1024)}`;
    expect((await failure(huge)).message).toContain("more than 16 MiB");
    expect((await failure(`{"id":"1"}\n{"id":"${"x".repeat(17 * 1024 * 1024)}`)).message).toContain(
      "line 2: the line is too long",
    );
  });
});

test.each([
  ["[VoiceFilename];[DataSource]\na;3\n", { voicefilename: "a", datasource: "3" }],
  ["[1stNumber],[DataSource]\na,3\n", { "1stnumber": "a", datasource: "3" }],
  ["{id},{x}\na,3\n", { "{id}": "a", "{x}": "3" }],
])("a header in brackets is a table: %j", async (text, fields) => {
  expect((await readStdin(text)).fields).toEqual([fields]);
});

describe("a list whose pages are not all there", () => {
  const page = (number: number, total: number | undefined, next = number < (total ?? 0)) => ({
    records: [{ ...a, id: String(number) }],
    paging: { page: number, perPage: 1, ...(total === undefined ? {} : { totalPages: total }) },
    navigation: next ? { nextPage: { uri: `https://x/call-log?page=${number + 1}&view=Detailed` } } : {},
  });
  const lacks = expect.stringContaining("whose page 2 was not given");

  test.each([
    ["on one line", JSON.stringify(page(1, 3))],
    ["spread over lines", JSON.stringify(page(1, 3), null, 2)],
    ["in a list of pages", JSON.stringify([page(1, 3), page(3, 3)])],
    ["named by its next page alone", JSON.stringify(page(1, undefined, true), null, 2)],
    ["without navigation", JSON.stringify({ ...page(1, 2), navigation: undefined }, null, 1)],
    ["with its paging first", `{"paging":{"page":1,"totalPages":2},"records":[\n${JSON.stringify(a)}\n]}`],
  ])("%s, is told and its records are read", async (_, text) => {
    for (const pieceBytes of [1, 64 * 1024]) {
      const { fields, rejected } = await readStdin(text, {}, pieceBytes);
      expect(fields.length).toBeGreaterThan(0);
      expect(rejected.map(({ message }) => message)).toEqual([lacks]);
    }
  });

  test("nothing is said of whole lists, in whatever order their pages come", async () => {
    const all = [page(2, 3), page(3, 3), page(1, 3)];
    for (const text of [JSON.stringify(all), all.map((each) => JSON.stringify(each, null, 2)).join("\n")]) {
      const { fields, rejected } = await readStdin(text, {});
      expect([fields.length, rejected]).toEqual([3, []]);
    }
  });
});
