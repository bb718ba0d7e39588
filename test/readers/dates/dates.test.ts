import { expect, test } from "vitest";
import type { Row, RowBatch } from "../../../src/core/model/recording.ts";
import type { RowDates } from "../../../src/core/selection.ts";
import { readingsOf } from "../../../src/readers/dates/date-forms.ts";
import { datedRows } from "../../../src/readers/dates/dated-rows.ts";

async function dated(cells: readonly (string | Row["fields"])[], dates: RowDates = "auto", windowed = false) {
  const rows = cells.map((cell, at) => ({
    fields: typeof cell === "string" ? { start: cell } : cell,
    file: "calls.csv",
    line: at + 2,
  }));
  async function* batches(): AsyncIterable<RowBatch> {
    for (const row of rows) yield { rows: [row] };
  }
  const starts: (string | undefined)[] = [];
  const notices: string[] = [];
  for await (const batch of datedRows(batches(), { dates, windowed })) {
    for (const row of batch.rows) starts.push(row.start);
    notices.push(...(batch.notices ?? []));
  }
  return { starts, notices };
}

test.each([
  ["2026-11-29T10:03:07.120Z", "2026-11-29T10:03:07.120Z"],
  ["2026-11-29 10:03:07.0000000 +01:00", "2026-11-29T10:03:07+01:00"],
  ["2026/11/29 10:03", "2026-11-29T10:03:00"],
  ["20261129 10:03:07", "2026-11-29T10:03:07"],
  ["20261129T100307Z", "2026-11-29T10:03:07Z"],
  ["29/11/2026 10:03:07", "2026-11-29T10:03:07"],
  ["29/11/2026, 10:03:07", "2026-11-29T10:03:07"],
  ["11/29/2026 12:03:07 AM", "2026-11-29T00:03:07"],
  ["11/29/2026 12:03:07 PM", "2026-11-29T12:03:07"],
  ["11/29/26 1:03\u202fPM", "2026-11-29T13:03:00"],
  ["11/29/2026 1:03:07 p.m.", "2026-11-29T13:03:07"],
  ["29.11.2026 10:03:07", "2026-11-29T10:03:07"],
  ["05.11.2026 10:03:07", "2026-11-05T10:03:07"],
  ["29. 11. 2026 10:03:07", "2026-11-29T10:03:07"],
  ["29.11.2026 10.03.07", "2026-11-29T10:03:07"],
  ["29-11-2026 10.03.07", "2026-11-29T10:03:07"],
  ["2026. 11. 29. 10:03:07", "2026-11-29T10:03:07"],
  ["2026-11-29 오후 1:03:07", "2026-11-29T13:03:07"],
  ["2026年11月29日 10:03:07", "2026-11-29T10:03:07"],
  ["29.11.26", "2026-11-29T00:00:00"],
  ["29-Nov-26 10:03", "2026-11-29T10:03:00"],
  ["29-NOV-26 10.03.07.120000 PM", "2026-11-29T22:03:07.120"],
  ["Nov 29 2026 10:03AM", "2026-11-29T10:03:00"],
  ["29 de noviembre de 2026, 12:03:07", "2026-11-29T12:03:07"],
  ["29 de nov. de 2026, 3:03:07 p.\u00a0m.", "2026-11-29T15:03:07"],
  ["domingo, 29 de novembro de 2026 às 12:03", "2026-11-29T12:03:00"],
  ["2026. 11. 29. du. 3:03:07", "2026-11-29T15:03:07"],
  ["29 Nov 2026, 3:03 PTG", "2026-11-29T15:03:00"],
  ["29 nov 2026, 12:03 p.d.", "2026-11-29T00:03:00"],
  ["2026年11月29日下午3:03", "2026-11-29T15:03:00"],
  ["Nov 29, 2026, 10:03:07 PM", "2026-11-29T22:03:07"],
  ["Sun, 29 Nov 2026 10:03:07 GMT", "2026-11-29T10:03:07Z"],
  ["Sun Nov 29 10:03:07 2026", "2026-11-29T10:03:07"],
  ["Sun Nov 29 2026 10:03:07 GMT+0100 (Central European Standard Time)", "2026-11-29T10:03:07+01:00"],
  ["Sonntag, 29. November 2026 10:03", "2026-11-29T10:03:00"],
  ["29 août 2026 10:03", "2026-08-29T10:03:00"],
  ["3. März 2026 10:03", "2026-03-03T10:03:00"],
  ["1795946587", "2026-11-29T10:03:07Z"],
  ["1795946587120", "2026-11-29T10:03:07.120Z"],
  ["/Date(1795946587120)/", "2026-11-29T10:03:07.120Z"],
  ["46355.419", "2026-11-29T10:03:22"],
])("%j is %s", async (text, start) => {
  const { starts, notices } = await dated([text]);
  expect([starts, notices]).toEqual([[start], []]);
});

test.each([
  "2026-02-30",
  "31/02/2026",
  "yesterday",
  "0000-00-00 00:00:00",
  "25:61",
  "2026-13-01",
  "listopad 3 2026",
  "5",
])("%j is no start, which is told", async (text) => {
  const { starts, notices } = await dated([text]);
  expect(starts).toEqual([undefined]);
  expect(notices).toHaveLength(1);
});

test("one row decides the whole file, also the rows before it", async () => {
  expect((await dated(["05/11/2026 10:00", "06/11/2026", "29/11/2026"], "auto", true)).starts).toEqual([
    "2026-11-05T10:00:00",
    "2026-11-06T00:00:00",
    "2026-11-29T00:00:00",
  ]);
  expect((await dated(["05/11/2026", "11/29/2026"], "auto", true)).starts[0]).toBe("2026-05-11T00:00:00");
  expect((await dated(["05/11/26", "11/29/26"], "auto", true)).starts[0]).toBe("2026-05-11T00:00:00");
});

test("what no row decides is refused with a window, else left out and told; both orders of one day are no doubt", async () => {
  await expect(dated(["05/11/2026"], "auto", true)).rejects.toThrow(/--row-dates dmy/);
  await expect(dated(["29/11/2026", "11/29/2026"], "auto", true)).resolves.toMatchObject({
    starts: ["2026-11-29T00:00:00", undefined],
  });
  const { starts, notices } = await dated(["05/11/2026", "05/05/2026"]);
  expect(starts).toEqual([undefined, "2026-05-05T00:00:00"]);
  expect(notices[0]).toMatch(/calls\.csv:2: the start "05\/11\/2026"/);
});

test("a form that was told is believed, and no other", async () => {
  expect((await dated(["05/11/2026"], "dmy")).starts).toEqual(["2026-11-05T00:00:00"]);
  expect((await dated(["05/11/2026"], "mdy")).starts).toEqual(["2026-05-11T00:00:00"]);
  expect((await dated(["26/11/05"], "ymd")).starts).toEqual(["2026-11-05T00:00:00"]);
  expect((await dated(["29/11/2026", "2026-11-29"], "iso")).starts).toEqual([undefined, "2026-11-29T00:00:00"]);
  expect((await dated(["86400", "2026-11-29"], "epoch")).starts).toEqual(["1970-01-02T00:00:00Z", undefined]);
});

test("date and time may stand in two columns, under the usual names", async () => {
  const rows = [
    { date: "29/11/2026", time: "10:03:07" },
    { "Call Date": "29/11/2026 00:00:00", "Call Time": "30/12/1899 10:03:07" },
    { start_date: "2026-11-29 00:00:00.000", start_time: "10:03:07.0000000" },
    { Date: "11/29/2026", Time: "1:03 PM" },
    { started_at: "2026-11-29T10:03:07Z" },
    { start: { value: "/Date(1795946587000)/", DateTime: "x" } },
    { start: 1795946587 },
    { start: "NULL" },
  ];
  const { starts } = await dated(rows.slice(0, 3));
  expect(new Set(starts)).toEqual(new Set(["2026-11-29T10:03:07"]));
  expect((await dated(rows.slice(3))).starts).toEqual([
    "2026-11-29T13:03:00",
    "2026-11-29T10:03:07Z",
    "2026-11-29T10:03:07Z",
    "2026-11-29T10:03:07Z",
    undefined,
  ]);
});

test("no text whatever throws", () => {
  for (const text of [
    "",
    "/",
    "//",
    "1/1/1",
    "99/99/9999",
    "9".repeat(30),
    "\u0000",
    "AM",
    "Nov",
    "29 Nov",
    "2026-11-29 10:03:07 EST",
    "Sun Nov 29 10:03:07 CET 2026",
    "261129100307",
  ]) {
    expect(readingsOf(text)).toEqual({});
  }
});

test.each([
  ["٢٩/١١/٢٠٢٦ ١٠:٠٣", "2026-11-29T10:03:00"],
  ["२९/११/२०२६", "2026-11-29T00:00:00"],
  ["2026‑11−29 10:03", "2026-11-29T10:03:00"],
  ["202611291003", "2026-11-29T10:03:00"],
  ["638687689870000000", "2024-12-02T20:43:07"],
  ["133773781870000000", "2024-11-29T18:23:07Z"],
  ["Sun Nov 29 10:03:07 UTC 2026", "2026-11-29T10:03:07Z"],
  ["2026-11-29 10:03:07 (UTC)", "2026-11-29T10:03:07Z"],
])("%s is %s, and no moment decades away", (text, start) => {
  expect(readingsOf(text).dmy).toBe(start);
});
