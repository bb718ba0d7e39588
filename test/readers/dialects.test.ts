import { describe, expect, test } from "vitest";
import type { Row } from "../../src/core/model/recording.ts";
import { brokenExports } from "../helpers/broken-exports.ts";
import { dialects } from "../helpers/dialects.ts";
import { readAll, readStdin, tempFolder } from "./read.ts";

// An empty text in JSON is an empty text; in every other export it is how null looks.
const orNull = (fields: readonly Row["fields"][]) =>
  fields.map((one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value || null])));

describe.each(dialects)("an export as $name", ({ bytes, options, expected, lines, file }) => {
  test("is read right from a file, each row with its line", async () => {
    await using folder = await tempFolder();
    const { fields, rows, rejected } = await readAll([await folder.write(file, bytes)], options);
    expect(rejected).toEqual([]);
    expect(orNull(fields)).toEqual(expected);
    expect(rows.map(({ line }) => line)).toEqual(lines);
  });

  test.each([7, 64 * 1024])("is read right from standard input in pieces of %i bytes", async (pieceBytes) => {
    const { fields, rejected } = await readStdin(bytes, options, pieceBytes);
    expect(rejected).toEqual([]);
    expect(orNull(fields)).toEqual(expected);
  });
});

// Whether a table has the columns that name a recording is for the source to say, which knows them.
const readersOwn = brokenExports.filter(({ name }) => name !== "no column names a recording");

test.each(readersOwn)(
  "a broken export is never taken for a good one: $name",
  async ({ bytes, outcome, lines, goodRows }) => {
    const read = await readStdin(bytes).catch((error: Error & { code: string }) => error);
    if (read instanceof Error) {
      expect(read.code).toBe("bad-rows");
      expect(read.message).toMatch(
        outcome === "stops" ? new RegExp(`^-, line (${lines.join("|")}): `) : /^-, line \d+: /,
      );
      expect(outcome).not.toBe("rejects");
      return;
    }
    expect(outcome).not.toBe("stops");
    expect(read.rejected.map(({ line }) => line)).toEqual(expect.arrayContaining([...lines]));
    expect(read.rows).toHaveLength(goodRows);
  },
);
