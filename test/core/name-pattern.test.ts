import { expect, test } from "vitest";
import { openNamePattern } from "../../src/core/naming/file-name-parser.ts";
import { defaultTemplate, pathFor } from "../../src/core/naming/path-template.ts";
import { sha256 } from "../helpers/sha256.ts";

test("reads back what the default template wrote", () => {
  const call = { start: "2026-05-01T10:02:03", direction: "inbound", from: "+1555", to: "101" } as const;
  const ref = { key: "ringcentral/401", source: "ringcentral", id: "401", locator: {}, call } as const;
  const path = pathFor(defaultTemplate, ref, { restrict: false, sha256 }).replace("{ext}", "wav");
  expect(openNamePattern(defaultTemplate)(path)).toEqual({ id: "401", source: "ringcentral", call });
  const tim = { ...ref, source: "tim", id: "NCS_4", key: "tim/3/4/NCS_4" } as const;
  expect(openNamePattern(defaultTemplate)(pathFor(defaultTemplate, tim, { restrict: false, sha256 }))).toBeUndefined();
  const timPath = pathFor(defaultTemplate, tim, { restrict: false, sha256 }).replace("{ext}", "wav");
  expect(openNamePattern(defaultTemplate)(timPath)).toMatchObject({ source: "tim" });
});

test.each([
  ["{date}_{id}.{ext}", "old/20260501_77.mp3", { id: "77", call: { start: "2026-05-01" } }],
  ["{id} {date} {time}.{ext}", "77 2026-05-01 10.02.mp3", { id: "77", call: { start: "2026-05-01T10:02:00" } }],
  ["{year}/{month}/{day}/{id}.{ext}", "a/2026/05/01/77.wav", { id: "77", call: { start: "2026-05-01" } }],
  ["{id}_{duration}_{name}.{ext}", "77_12_Ann.wav", { id: "77", call: { duration: 12, name: "Ann" } }],
  ["{id}_{from}_{duration}.{ext}", "77_unknown_unknown.wav", { id: "77", call: {} }],
  ["{date}.{id}.{date}.wav", "20260501.77.20260501.wav", { id: "77", call: { start: "2026-05-01" } }],
  ["{date}_{id}.{ext}", "greeting.wav", undefined],
  ["{id}.(1).wav", "77x(1)xwav", undefined],
])("%s reads %s", (pattern, path, expected) => {
  expect(openNamePattern(pattern)(path)).toEqual(expected);
});

test.each(["{date}.wav", "{id}{.wav", "id}.wav"])("%s is refused: it does not say where the id is", (pattern) => {
  expect(() => openNamePattern(pattern)).toThrow(expect.objectContaining({ code: "usage" }));
});
