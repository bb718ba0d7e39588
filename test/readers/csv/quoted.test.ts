import { describe, expect, it } from "vitest";
import type { RawRecord } from "../../../src/readers/csv/csv-records.ts";
import { quotedRecords } from "../../../src/readers/csv/csv-records.ts";

/** The records of a text that comes in blocks of `size` characters. */
async function recordsOf(text: string, size = Infinity, delimiter = ","): Promise<RawRecord[] | string> {
  async function* blocks() {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  }
  const all: RawRecord[] = [];
  try {
    for await (const records of quotedRecords(blocks(), delimiter, "calls.csv")) all.push(...records);
  } catch (error) {
    return (error as Error).message;
  }
  return all;
}

const cells = async (text: string, size?: number, delimiter?: string) => {
  const records = await recordsOf(text, size, delimiter);
  return typeof records === "string" ? records : records.map((record) => record.cells);
};

describe("a table with quotes", () => {
  it.each([
    [
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r1,2\r",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      '"a","b, c"\n"say ""so""",\n',
      [
        ["a", "b, c"],
        ['say "so"', ""],
      ],
    ],
    ['"",""\n,\n""\n', [["", ""], ["", ""], [""]]],
    [
      'a,"two\nlines",b\nc,d,e\n',
      [
        ["a", "two\nlines", "b"],
        ["c", "d", "e"],
      ],
    ],
    [
      'Kim "Bo" Ray,7" disk\nc,d\n',
      [
        ['Kim "Bo" Ray', '7" disk'],
        ["c", "d"],
      ],
    ],
    ["\n\na,b\n\n", [["a", "b"]]],
  ])("%j is cut as it means", async (text, wanted) => {
    expect(await cells(text)).toEqual(wanted);
    expect(await cells(text, 1)).toEqual(wanted);
  });

  it("counts lines across what one line holds and what takes several", async () => {
    const text = 'h,i\n\n"a",b\n"x\r\ny\nz",c\r\nd,"e"\n';
    for (const size of [Infinity, 1, 5]) {
      const records = (await recordsOf(text, size)) as RawRecord[];
      expect(records.map(({ line, lastLine }) => [line, lastLine])).toEqual([
        [1, 1],
        [3, 3],
        [4, 6],
        [7, 7],
      ]);
    }
  });

  it("names the line on which a quote opens and is not closed", async () => {
    expect(await recordsOf('a,b\nc,d\ne,"f\ng,h\n')).toMatch(/^calls\.csv, line 3: a quote opens here/);
  });

  it("refuses a line longer than any row, with or without an end to it", async () => {
    for (const end of ["", "\n", '"\n'])
      expect(await recordsOf(`a,b\nc,${end.startsWith('"') ? '"' : ""}${"x".repeat(1_100_000)}${end}`, 65_536)).toMatch(
        /line 2/,
      );
  });

  it("reads the same, line by line and all at once, whatever the signs and wherever the blocks end", async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const signs = ['"', '"', ",", ",", "\n", "\n", "\r\n", "\r", "a", "bc", " ", "é", '""', '","', '"\n"'];
    // A line whose quotes are astray hands everything after it to csv-parse.
    const astray = 'x "y" z\n';
    for (let round = 0; round < 3000; round += 1) {
      const text = Array.from({ length: 1 + random(14) }, () => signs[random(signs.length)]).join("");
      const quick = await recordsOf(text, 1 + random(6));
      const whole = await recordsOf(astray + text);
      if (typeof whole === "string") expect([text, typeof quick]).toEqual([text, "string"]);
      else {
        const shifted = whole.slice(1).map((each) => ({ ...each, line: each.line - 1, lastLine: each.lastLine - 1 }));
        const closed = typeof quick === "string" ? quick : quick.map(({ isOpen: _, ...each }) => each);
        expect([text, closed]).toEqual([text, shifted]);
      }
    }
  });

  it("closes the file when nobody wants more", async () => {
    let closed = 0;
    async function* blocks() {
      try {
        for (;;) yield Buffer.from("a,b\n");
      } finally {
        closed += 1;
      }
    }
    for (const first of ["", 'x "y"\n']) {
      async function* all() {
        if (first !== "") yield Buffer.from(first);
        yield* blocks();
      }
      for await (const _ of quotedRecords(all(), ",", "calls.csv")) break;
      await expect.poll(() => closed).toBe(first === "" ? 1 : 2);
    }
  });
});
