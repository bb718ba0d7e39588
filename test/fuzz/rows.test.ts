import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { openGivenRows } from "../../src/core/download/given-rows.ts";
import { workFromRows } from "../../src/core/download/work.ts";
import { asRecordingError, RecordingError } from "../../src/core/model/errors.ts";
import type { Row, RowFinding } from "../../src/core/model/recording.ts";
import { datedRows } from "../../src/readers/dates/dated-rows.ts";
import { openReader } from "../../src/readers/index.ts";
import { recordingsOf } from "../../src/sources/ringcentral/call-log/call-records.ts";
import { findRecordings } from "../../src/sources/tim/calls-table.ts";
import { fuzzSeconds, openRandom } from "../helpers/fuzz.ts";
import { countTries } from "../helpers/tries.ts";

const rounds = fuzzSeconds * 150;

const cells = [
  "401786810001",
  "4.01787E+11",
  "4,01E+11",
  "401,786,810,001",
  '="401786810001"',
  "'401786810002",
  "",
  "NULL",
  "\\N",
  "nan",
  "3",
  "\\3\\",
  "3.0",
  "NCS0001",
  "a\u202eb",
  "\0",
  "29/11/2026 10:00",
  "11/29/2026 1:00 PM",
  "05/05/26",
  "2026-11-29T10:00:00Z",
  "1795946587",
  "@{id=401786810001; contentUri=x}",
  "@{id=40",
  "{'id': '5'}",
  '{"id":',
  "System.Object[]",
  "=cmd|' /C calc'!A0",
  "https://media.ringcentral.com/restapi/v1.0/account/1/recording/401786810001/content",
  "/recording/7/content",
  "x\ny",
  'a"b',
  "…",
  "####",
  "In",
  "65",
  "00:01:05",
  "\ufeff",
  "٣",
  "9".repeat(40),
  "🙂",
  "\ud800",
];
const columns = [
  "datasource",
  "voicelocation",
  "voicefilename",
  "start",
  "Start_Time",
  "date",
  "time",
  "duration",
  "recordingId",
  "recording.id",
  "contentUri",
  "id",
  "sessionId",
  "recording",
  "legs",
  "legs.0.recording.id",
  "from",
  "to",
  "__proto__",
  "constructor",
  "",
];

/** A text of rows in a random dialect, and how many rows it has where that is certain. */
function made(random: () => number): { text: string; rows: number } {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const names = Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(columns));
  const rows = Array.from({ length: 1 + Math.floor(random() * 12) }, () => names.map(() => pick(cells)));
  if (random() < 0.4) {
    const objects = rows.map((row) => JSON.stringify(Object.fromEntries(row.map((cell, at) => [names[at], cell]))));
    return { text: random() < 0.5 ? `[${objects.join(",")}]` : objects.join("\n"), rows: rows.length };
  }
  const separator = pick([",", ";", "\t", "|"]);
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const lines = [names, ...rows].map((row) => row.map(quote).join(separator));
  return { text: `${lines.join(pick(["\n", "\r\n"]))}\n`, rows: -1 };
}

/** Damage of the kinds that transports do. */
function damaged(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const kinds = [
    () => text.slice(0, at),
    () => text.slice(0, at) + text.slice(at + 1),
    () => `${text.slice(0, at)}"${text.slice(at)}`,
    () => `${text.slice(0, at)}\n${text.slice(at)}`,
    () => `${text}\x1a`,
    () => text.slice(at) + text.slice(0, at),
  ];
  return (kinds[Math.floor(random() * kinds.length)] as () => string)();
}

interface Count {
  rows: number;
  told: number;
}

/** Reads a text as a run does: each row must come out as recordings, as a skip, or as a rejection. */
async function count(text: string, find: (row: Row) => RowFinding, windowed: boolean): Promise<Count> {
  const reader = await openReader(["-"], { stdin: Readable.from([Buffer.from(text)], { objectMode: false }) });
  const selection = windowed ? { fromMs: 0, fromLocal: "1970-01-01T00:00:00" } : {};
  const found: Count = { rows: 0, told: 0 };
  async function* counted() {
    for await (const batch of reader.rows(new AbortController().signal)) {
      found.rows += batch.rows.length + (batch.rejected?.length ?? 0);
      yield batch;
    }
  }
  const source = {
    recordings(row: Row) {
      const finding = find(row);
      found.told += Math.max(0, 1 - finding.refs.length - (finding.absence === undefined ? 0 : 1));
      // Several recordings of one row count once.
      return { ...finding, refs: finding.refs.slice(0, 1) };
    },
  };
  const rules = { selection, nowMs: () => 0, sourceOf: () => source as never, given: openGivenRows(selection) };
  for await (const work of workFromRows(datedRows(counted(), { dates: "auto", windowed }), rules)) {
    found.told += work.refs.length;
    found.told += work.events.filter(({ event }) => event === "row-rejected" || event === "recording-skipped").length;
  }
  return found;
}

test("no rows whatever crash the reader, and each is a recording, a skip or a rejection", async () => {
  const next = openRandom();
  const random = () => next(2 ** 31) / 2 ** 31;
  for (let round = 0; round < rounds; round++) {
    const { text, rows } = made(random);
    const given = random() < 0.5 ? damaged(text, random) : text;
    const find = random() < 0.5 ? findRecordings : recordingsOf;
    try {
      const counted = await count(given, find, random() < 0.3);
      expect(counted.told, `round ${round}: ${JSON.stringify(given)}`).toBe(counted.rows);
      if (given === text && rows !== -1) expect(counted.rows, JSON.stringify(given)).toBe(rows);
    } catch (thrown) {
      if (!(thrown instanceof RecordingError))
        throw new Error(`round ${round}: ${JSON.stringify(given)}`, { cause: thrown });
      expect(["bad-rows", "usage"], `round ${round}: ${JSON.stringify(given)}`).toContain(
        asRecordingError(thrown).code,
      );
    }
  }
  countTries("rows in random dialects, half of them damaged", rounds, 0);
});
