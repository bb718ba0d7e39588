import { describe, expect, it } from "vitest";
import { openCallFinder } from "../../src/core/download/call-finder.ts";
import type { Call, RecordingRef } from "../../src/core/model/recording.ts";

function rowOf(id: string, call: Call): RecordingRef {
  return { key: `ringcentral/${id}`, source: "ringcentral", id, locator: {}, call };
}

const startMs = (start: string | undefined) => {
  const ms = Date.parse(start === undefined || start.endsWith("Z") ? (start ?? "") : `${start}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};

function found(call: Call, rows: readonly Call[], zoned = true): string[] {
  const refs = rows.map((each, at) => rowOf(String(at), each));
  return openCallFinder(refs, { startMs, zoned })
    .find(call)
    .map(({ id }) => id);
}

const row: Call = {
  start: "2025-11-04T18:35:55Z",
  direction: "outbound",
  from: "+12125550100",
  to: "+12525558686",
  extension: "302",
};
const named: Call = {
  start: "2025-11-04T18:35:57",
  direction: "outbound",
  from: "302",
  to: "(252)555-8686",
  extension: "302",
};

function without(call: Call, ...fields: (keyof Call)[]): Call {
  return Object.fromEntries(Object.entries(call).filter(([field]) => !fields.includes(field as keyof Call)));
}

describe("a described call is found", () => {
  it.each<[string, Call, Call]>([
    ["by start, direction, party and extension", named, row],
    ["across the hour", { ...named, start: "2025-11-04T19:00:03" }, { ...row, start: "2025-11-04T18:59:58Z" }],
    ["by its extension where the party is unknown", without(named, "to"), row],
    ["by its extension where the party is a name", { ...named, to: "Ann Lee" }, row],
    ["by its party where rows have no extension", named, without(row, "extension")],
    ["by its party where rows have no direction", named, without(row, "direction")],
    ["between colleagues", { ...named, direction: "internal", to: "303" }, { ...row, direction: "inbound", to: "303" }],
    [
      "when it came in",
      { ...named, direction: "inbound", from: "252.555.8686", to: "302" },
      { ...row, direction: "inbound", from: "+12525558686", to: "+12125550100" },
    ],
    ["before 1970", { ...named, start: "1969-12-31T23:59:58" }, { ...row, start: "1970-01-01T00:00:01Z" }],
  ])("%s", (_name, call, of) => {
    expect(found(call, [of])).toEqual(["0"]);
  });
});

describe("a described call is not found", () => {
  it.each<[string, Call, Call]>([
    ["at another time", { ...named, start: "2025-11-04T18:36:10" }, row],
    ["an hour away where the zone is known", { ...named, start: "2025-11-04T17:35:55" }, row],
    ["in another direction", { ...named, direction: "inbound" }, row],
    ["of another extension", { ...named, extension: "303" }, row],
    ["with another party", { ...named, to: "(252)555-8687" }, row],
    ["by its start alone", without(named, "to", "extension"), row],
    ["without a start", without(named, "start"), row],
    ["in a row without a start", named, without(row, "start")],
    ["in a row without parties and extension", named, { start: row.start as string }],
  ])("%s", (_name, call, of) => {
    expect(found(call, [of])).toEqual([]);
  });
});

it("lies whole hours away where the zone is unknown, and all that fit are told", () => {
  const away = { ...named, start: "2025-11-04T13:35:50" };
  expect(found(away, [row], false)).toEqual(["0"]);
  expect(found({ ...away, start: "2025-11-04T13:05:50" }, [row], false)).toEqual([]);
  expect(found({ ...away, start: "2025-11-03T18:35:50" }, [row], false)).toEqual([]);
  expect(found(away, [row, { ...row, start: "2025-11-04T20:35:55Z" }], false)).toEqual(["0", "1"]);
});
