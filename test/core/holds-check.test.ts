import { expect, test } from "vitest";
import { openHoldsCheck } from "../../src/core/proof/holds-check.ts";

type Line = Parameters<ReturnType<typeof openHoldsCheck>["told"]>[0];

const add = (name: string): Line => ({ action: "hold-add", detail: `${name}: recording tim/1` });
const remove = (name: string): Line => ({ action: "hold-remove", detail: `${name}: recording tim/1` });

test.each<[string, Line[], string[], string[]]>([
  ["a hold that stands", [add("hold-1")], ["hold-1"], []],
  ["a hold that is gone", [add("hold-1"), add("hold-2")], ["hold-2"], ["hold-1"]],
  ["a hold that was lifted", [add("hold-1"), remove("hold-1")], [], []],
  ["a hold whose name another one took", [add("hold-1"), add("hold-1")], ["hold-1"], ["hold-1"]],
  ["what somebody confirmed", [add("hold-1"), { action: "hold-confirm", detail: "x" }], [], []],
  ["a hold placed after that", [{ action: "hold-confirm" }, add("hold-1")], [], ["hold-1"]],
  ["other lines", [{ action: "verify" }, { action: "purge", detail: "hold-1: no hold" }], [], []],
])("%s", (_, lines, standing, missing) => {
  const check = openHoldsCheck();
  for (const line of lines) check.told(line);
  expect(check.missing(standing.map((name) => ({ name }))).map(({ name }) => name)).toEqual(missing);
});
