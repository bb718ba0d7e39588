import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { brokenExports } from "./broken-exports.ts";
import { callRows, recordedKeys } from "./call-rows.ts";
import { dialects } from "./dialects.ts";

const folder = new URL("../fixtures/rows/", import.meta.url);
const exports = [...dialects, ...brokenExports];

if (process.env.UPDATE_FIXTURES) {
  mkdirSync(folder, { recursive: true });
  for (const { file, bytes } of exports) writeFileSync(new URL(file, folder), bytes);
}

test.each(exports)("the fixture file of “$name” is what the helper makes", ({ file, bytes }) => {
  expect(readFileSync(new URL(file, folder)).equals(bytes)).toBe(true);
});

test("no fixture is left over from an earlier dialect", () => {
  const known = new Set([...exports.map(({ file }) => file), "README.md", ".gitattributes"]);
  expect(readdirSync(folder).filter((file) => !known.has(file))).toEqual([]);
  expect(new Set(exports.map(({ file }) => file)).size).toBe(exports.length);
});

test("every dialect tells of the same twelve recordings and says where each row begins", () => {
  expect(recordedKeys).toHaveLength(12);
  for (const { name, expected, lines } of dialects) {
    const keys = expected.filter((row) => row.voicefilename).map(keyOf);
    expect([...new Set(keys)], name).toEqual(recordedKeys.map((key) => key.join("/")));
    expect(lines, name).toHaveLength(callRows.length);
  }
});

function keyOf({ datasource, voicelocation, voicefilename }: Record<string, string | null>): string {
  return `${datasource}/${voicelocation}/${voicefilename}`;
}
