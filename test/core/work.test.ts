import { expect, it } from "vitest";
import { openGivenRows } from "../../src/core/download/given-rows.ts";
import { type RowRules, type Work, workFromRows } from "../../src/core/download/work.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Source } from "../../src/core/model/ports.ts";
import type { RowBatch } from "../../src/core/model/recording.ts";
import { callRef } from "../helpers/calls-server.ts";

type KnownOf = NonNullable<RowRules["known"]>;

const source = {
  name: "tim",
  recordings(row) {
    const { id, start } = row.fields;
    if (id === undefined) return { refs: [], absence: { reason: "no-recording", call: {} } };
    return { refs: [callRef(String(id), start as string | undefined)] };
  },
} as Partial<Source> as Source;

async function workOf(batch: RowBatch, change: Partial<Parameters<typeof workFromRows>[1]> = {}): Promise<Work> {
  async function* batches() {
    yield batch;
  }
  const rules = { sourceOf: () => source, selection: {}, nowMs: () => 0, ...change };
  for await (const work of workFromRows(batches(), rules)) return work;
  throw new Error("no work");
}

const row = (fields: Record<string, unknown>, line = 1) => ({ fields, file: "calls.csv", line });

it("puts the oldest recording of a batch first, those without a start last", async () => {
  const rows = [
    row({ id: "c" }),
    row({ id: "b", start: "2026-02-01" }),
    row({ id: "a", start: "2026-01-01" }),
    row({ id: "d" }),
  ];
  const { refs } = await workOf({ rows });
  expect(refs.map((ref) => ref.id)).toEqual(["a", "b", "c", "d"]);
});

it("tells of rows without a recording, filtered ones and unreadable ones, and where they stand", async () => {
  const { refs, events } = await workOf(
    {
      rows: [row({}, 7), row({ id: "old", start: "2020-01-01T00:00:00Z" })],
      rejected: [{ file: "calls.csv", line: 9, message: "3 fields" }],
    },
    { selection: { fromMs: Date.UTC(2026, 0, 1) } },
  );
  expect(refs).toEqual([]);
  expect(events).toEqual([
    { event: "row-rejected", file: "calls.csv", line: 9, message: "3 fields" },
    { event: "recording-skipped", reason: "no-recording", call: {}, file: "calls.csv", line: 7 },
    expect.objectContaining({ event: "recording-skipped", reason: "filtered", key: "tim/1/2/old" }),
  ]);
});

it("tells how many recordings a batch came to, so that a bar knows its end", async () => {
  const { events } = await workOf({ rows: [row({ id: "a" }), row({ id: "b" }), row({})] });
  expect(events.at(-1)).toEqual({ event: "listed", source: "tim", rows: 3, recordings: 2 });
});

it("passes over a single row that cannot be, and says where it stands", async () => {
  const refuse = () => {
    throw new RecordingError("bad-rows", "the id is too long", { verdict: "give-up" });
  };
  const { events } = await workOf({ rows: [row({ id: "x" }, 4)] }, { sourceOf: refuse });
  expect(events).toEqual([{ event: "row-rejected", file: "calls.csv", line: 4, message: "the id is too long" }]);
});

it("lets a row that fits no system end the run", async () => {
  const refuse = () => {
    throw new RecordingError("bad-rows", "no columns");
  };
  await expect(workOf({ rows: [row({})] }, { sourceOf: refuse })).rejects.toMatchObject({ code: "bad-rows" });
});

it("refuses a row that names an earlier row's recording for another call, and ends rows of which none can be read", async () => {
  const given = openGivenRows({});
  async function* batches() {
    yield {
      rows: [row({ id: "a", start: "2026-01-01T10:00:00Z" }), row({ id: "a", start: "2026-03-01T10:00:00Z" }, 2)],
    };
  }
  const rules = { sourceOf: () => source, selection: {}, nowMs: () => 0, given };
  const found = [];
  for await (const work of workFromRows(batches(), rules)) found.push(work);
  expect(found[0]?.refs).toHaveLength(1);
  expect(found[0]?.events).toContainEqual(expect.objectContaining({ event: "row-rejected", line: 2 }));
});

it("takes a start that no call has for none, and asks the archive of which call it knows each recording, once for all", async () => {
  const asked: (readonly string[])[] = [];
  const held = callRef("a", "2026-01-01T10:00:00Z");
  const known: KnownOf = async (keys) => {
    asked.push(keys);
    return keys.map((key) => (key === held.key ? held.call : undefined));
  };
  const { refs, events } = await workOf(
    {
      rows: [
        row({ id: "a", start: "2026-03-01T10:00:00Z" }, 1),
        row({ id: "b", start: "1899-12-30T00:00:00Z" }, 2),
        row({}, 3),
      ],
      notices: ["The export ends in the middle of a day."],
    },
    { given: openGivenRows({}), known },
  );
  expect(asked).toEqual([["tim/1/2/a", "tim/1/2/b"]]);
  expect(refs).toEqual([callRef("b")]);
  expect(events).toContainEqual({
    event: "notice",
    level: "warning",
    message: "The export ends in the middle of a day.",
  });
  expect(events).toContainEqual(
    expect.objectContaining({ event: "row-rejected", line: 1, message: expect.stringContaining("the archive knows") }),
  );
});

it("leaves out what has no start where a window is asked for, and insists on what an error file names", async () => {
  const failed = { key: "tim/1/2/a", code: "reset", message: "cut off", locator: { voicefilename: "a" } };
  const selection = { fromMs: Date.UTC(2026, 0, 1) };
  const { refs, events } = await workOf(
    { rows: [row({ id: "a", start: "2026-02-01T10:00:00Z", ...failed }), row({ id: "b" }, 2)] },
    { selection, given: openGivenRows(selection) },
  );
  expect(refs).toEqual([{ ...callRef("a", "2026-02-01T10:00:00Z"), insist: true }]);
  expect(events[0]).toMatchObject({ event: "recording-skipped", key: "tim/1/2/b", reason: "unknown-start" });
});
