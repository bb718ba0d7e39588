import { describe, expect, test } from "vitest";
import { readStdin } from "../read.ts";

const head = "datasource,voicelocation,voicefilename\n";
const dashes = "datasource|voicelocation|voicefilename\r\n----------|-------------|-------------\r\n";

async function failure(text: string, settings = {}): Promise<{ code: string; message: string }> {
  const read = await readStdin(text, settings).catch((error: Error & { code: string }) => error);
  if (!(read instanceof Error)) throw new Error("nothing was thrown");
  return { code: read.code, message: read.message };
}

describe("a row with the wrong number of fields", () => {
  test("is counted with its line, and the rows around it are read", async () => {
    const { rows, rejected } = await readStdin(`${head}3,4,a\n3\n\n3,4,b,c\n3,4,d\n`);
    expect(rows.map(({ fields, line }) => [fields.voicefilename, line])).toEqual([
      ["a", 2],
      ["d", 6],
    ]);
    expect(rejected).toEqual([
      { file: "-", line: 3, message: "1 field where there should be 3" },
      { file: "-", line: 5, message: "4 fields where there should be 3" },
    ]);
  });

  test("is read where only its end is missing, and says nothing of the columns that are not there", async () => {
    const { rows, rejected } = await readStdin("a,b,c,d\n1,2,3\n1,\n1,2,3,4,\n1,2,3,4,,,\n");
    expect(rejected).toEqual([]);
    expect(rows.map(({ fields }) => fields)).toEqual([
      { a: "1", b: "2", c: "3", d: undefined },
      { a: "1", b: null, c: undefined, d: undefined },
      { a: "1", b: "2", c: "3", d: "4" },
      { a: "1", b: "2", c: "3", d: "4" },
    ]);
  });

  test("with a hundred thousand columns costs no more than its length", async () => {
    const names = Array.from({ length: 100_000 }, (_, at) => `c${at}`);
    const { rows } = await readStdin(`${names.join(",")}\n${names.join(",")}x\n1,2\n`.repeat(2));
    expect(rows.map(({ fields }) => Object.keys(fields).length)).toEqual([100_000, 1000, 100_000, 1000]);
  });

  test("counts once for each line that a stray quote swallowed", async () => {
    const { rows, rejected } = await readStdin(`${head}3,4,a\n3,"4,b\n3,4,c\n3,"4,d\n3,4,e\n`);
    expect(rows.map(({ fields }) => fields.voicefilename)).toEqual(["a", "e"]);
    expect(rejected.map(({ line }) => line)).toEqual([3, 4, 5]);
  });

  test("is not made up from two whose quotes happen to fit", async () => {
    const { rows, rejected } = await readStdin('name,voicefilename\n"Bob,a\n"Jim",b\nAnn,c\n');
    expect(rows.map(({ fields }) => fields.voicefilename)).toEqual(["c"]);
    expect(rejected.map(({ line }) => line)).toEqual([2, 3]);
  });
});

describe("quotes", () => {
  test("keep separators, line breaks and quotes, and lines are still counted right after CRLF in a value", async () => {
    const { rows } = await readStdin('a,b\r\n"1,\r\n\r\n""x""",2\r\n3,4\r\n\r\n5,6\r\n', {}, 5);
    expect(rows.map(({ fields, line }) => [fields.a, line])).toEqual([
      ['1,\r\n\r\n"x"', 2],
      ["3", 5],
      ["5", 7],
    ]);
  });

  test("inside an unquoted value belong to it", async () => {
    const { fields } = await readStdin('name,voicefilename\nJo "the voice" Smith,a\n"Jo" Smith,b\n');
    expect(fields.map(({ name }) => name)).toEqual(['Jo "the voice" Smith', '"Jo" Smith']);
  });

  test("mean nothing in what sqlcmd and bcp write", async () => {
    expect((await readStdin(`${dashes}"3|4|"a\r\n`)).fields).toEqual([
      { datasource: '"3', voicelocation: "4", voicefilename: '"a' },
    ]);
    const columns = ["name", "voicefilename"];
    expect((await readStdin('Jo "x\ta\r\nAnn "y\tb\r\n', { columns })).fields).toHaveLength(2);
  });

  test("that never close stop the reading, after 1 MB at the latest, and name the line", async () => {
    const { code, message } = await failure(`${head}3,4,a\n3,"4,b\n${"3,4,c\n".repeat(300_000)}`);
    expect(code).toBe("bad-rows");
    expect(message).toMatch(/^-, line 3: a quote opens here and is not closed/);
  });
});

describe("what tools write between rows", () => {
  test.each([
    ["(3 rows affected)"],
    ["(1,234 rows affected)"],
    ["(3 Zeilen betroffen)"],
    ["(1 ligne(s) affectée(s))"],
    ["Changed database context to 'TIM, old'."],
    ["Completion time: 2024-05-01T09:03:07.1234567+01:00"],
    ["#TYPE System.Data.DataRow"],
    ["   "],
  ])("%j is no row", async (noise) => {
    for (const separator of [",", "|", ";", "\t"]) {
      const header = ["datasource", "voicefilename"].join(separator);
      const row = ["3", "a"].join(separator);
      const { rows, rejected } = await readStdin(`${noise}\n${header}\n${row}\n${noise}\n${row}\n\n${noise}\n`);
      expect(rows).toHaveLength(2);
      expect(rejected).toEqual([]);
    }
  });

  test("a value in brackets is none of that", async () => {
    const { fields } = await readStdin("number,name\n(020) 7946,Jo (old)\n(3 people),Ann (x)\nChanged database,b\n");
    expect(fields.map(({ name }) => name)).toEqual(["Jo (old)", "Ann (x)", "b"]);
  });

  test.each([
    ["Msg 208, Level 16, State 1, Server SQL01, Line 1"],
    ["Meldung 208, Ebene 16, Status 1, Server SQL01, Zeile 1"],
    ["Msg 208, Niveau 16, État 1, Serveur SQL01, Ligne 1"],
    ["Mens. 208, Nivel 16, Estado 1, Servidor SQL01, Línea 1"],
    ["HResult 0x2AF9, Level 16, State 1"],
    ["Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Login failed for user 'x'.."],
    ["SQLState = 28000, NativeError = 18456"],
  ])("%j means that the export failed", async (message) => {
    for (const text of [
      message,
      `${head}3,4,a\n${message}\n`,
      `a,b,c,d,e\n1,2,3,4,5\n${message}\n`,
      `${dashes}3|4|a\r\n${message}`,
    ]) {
      const failed = await failure(text);
      expect(failed.code).toBe("bad-rows");
      expect(failed.message).toMatch(/^-, line \d: the export failed \("/);
    }
  });

  test("a second result with other columns stops the reading", async () => {
    const { message } = await failure(
      `${dashes}3|4|a\r\n\r\nextension|name|number\r\n---------|----|------\r\n1|2|3\r\n`,
    );
    expect(message).toMatch(/^-, line 5: a second result with other columns/);
  });
});

describe("the separator", () => {
  test.each([",", ";", "\t", "|"])("%j is told by the header", async (separator) => {
    const text = [["Name, first; last | \t", "voicefilename"].map((cell) => `"${cell}"`), ["x", "a"]]
      .map((cells) => cells.join(separator))
      .join("\n");
    expect((await readStdin(text)).fields).toEqual([{ "name, first; last |": "x", voicefilename: "a" }]);
  });

  test("may be any other that sqlcmd was told to use", async () => {
    expect((await readStdin("a^b,c\r\n-^---\r\n1^2,3\r\n")).fields).toEqual([{ a: "1", "b,c": "2,3" }]);
  });

  test("is not needed where there is one column", async () => {
    expect((await readStdin("id\r\n--\r\n401547458008\r\n\r\n(1 rows affected)\r\n")).fields).toEqual([
      { id: "401547458008" },
    ]);
    expect((await readStdin("id\n401547458008\n401547458009\n")).fields).toEqual([
      { id: "401547458008" },
      { id: "401547458009" },
    ]);
  });

  test("stated by sep= wins over the one that is more frequent", async () => {
    expect((await readStdin("sep=;\na,1;b,2\nx,y;z\n")).fields).toEqual([{ "a,1": "x,y", "b,2": "z" }]);
  });
});

describe("columns of fixed width", () => {
  const line = (...cells: string[]) => cells.map((cell, at) => cell.padEnd([6, 12, 4][at]!)).join(" ");

  test("are cut where the dashes say, numbers on the right, trailing blanks or not", async () => {
    const text = [
      line("name", "voicefile", "dur"),
      line("------", "------------", "----"),
      line("Jo A B", "x y", "  12"),
      line("", "NULL", "   3").trimEnd(),
      "",
      "(2 rows affected)",
    ].join("\r\n");
    expect((await readStdin(text)).fields).toEqual([
      { name: "Jo A B", voicefile: "x y", dur: "12" },
      { name: null, voicefile: null, dur: "3" },
    ]);
  });

  test("are refused row by row where a line does not fit them", async () => {
    const text = [
      line("name", "voicefile", "dur"),
      line("------", "------------", "----"),
      "Jo 4 x",
      `${line("a", "b", "c")} more`,
    ];
    const { rows, rejected } = await readStdin(text.join("\n"));
    expect(rows).toEqual([]);
    expect(rejected.map((one) => one.line)).toEqual([3, 4]);
    expect(rejected[0]?.message).toContain('export with -s "|"');
  });

  test("that sqlcmd folded at its screen width are refused at once", async () => {
    const wide = [
      `${"name".padEnd(70)} voicefil`,
      "ename",
      `${"-".repeat(70)} ---------`,
      "----",
      `${"Jo".padEnd(70)} abcdefghi`,
      "jkl",
    ];
    expect((await failure(wide.join("\r\n"))).message).toMatch(/^-, line 1: sqlcmd folded long lines .*-W -w 65535/);
  });
});

test("rows that sqlcmd folded under a short header are told from rows that merely broke", async () => {
  const id = (letter: string) => letter.repeat(90);
  const folded = ["a", "b"].map((letter) => `3|4|${id(letter)}|name`.replace(/^.{80}/, "$&\r\n")).join("\r\n");
  const text = `datasource|voicelocation|voicefilename|name\r\n----------|-------------|-------------|----\r\n3|4|x|y\r\n${folded}\r\n`;
  expect((await failure(text)).message).toMatch(/^-, line 4: sqlcmd folded long lines/);
  const broken = await readStdin(text.replace(folded, "3|4|z|Two\r\nlines\r\n3|4|z|Three\r\nlines"));
  expect(broken.rejected.map(({ line }) => line)).toEqual([5, 7]);
});

test("rows folded at any other width are told by breaking at the same place twice", async () => {
  const folded = ["a", "b", "c"]
    .map((letter) => `3|4|${letter.repeat(90)}|name`.replace(/^.{60}/, "$&\r\n"))
    .join("\r\n");
  const header = "datasource|voicelocation|voicefilename|name\r\n----------|-------------|-------------|----\r\n";
  expect((await failure(`${header}${folded}\r\n`)).message).toMatch(/^-, line 5: sqlcmd folded long lines/);
});

describe("rows without a header", () => {
  const row = "3\t4\tNCS00000000EA39883596CC41E799B4630006CF2D56\r\n";
  const columns = ["DataSource", "[voicelocation]", "voicefilename"];

  test("need --columns", async () => {
    expect((await failure(row)).message).toMatch(/^-, line 1: the first line holds values.*--columns/);
    expect((await failure("344f91cf-ba35-48e4-8080-a80a3816f5e7\n")).code).toBe("bad-rows");
  });

  test("take their names from --columns, and a header that is there all the same is no row", async () => {
    const expected = [
      { datasource: "3", voicelocation: "4", voicefilename: "NCS00000000EA39883596CC41E799B4630006CF2D56" },
    ];
    expect((await readStdin(row, { columns })).fields).toEqual(expected);
    expect((await readStdin(`data source\tlocation\tVoiceFilename\r\n${row}`, { columns })).fields).toEqual(expected);
  });

  test("find the separator that makes as many fields as there are names", async () => {
    const { fields } = await readStdin("3;4;a,b,c,d\n", { columns });
    expect(fields).toEqual([{ datasource: "3", voicelocation: "4", voicefilename: "a,b,c,d" }]);
  });
});

test("a hostile header cannot reach the prototype, and its cells stay text", async () => {
  const { fields } = await readStdin("__proto__,constructor,voicefilename\n1,2,a\n");
  expect(Object.getPrototypeOf(fields[0])).toBe(Object.prototype);
  expect(fields[0]).toMatchObject({ voicefilename: "a" });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("a line of a gigabyte is refused before it fills the memory", async () => {
  const endless = function* () {
    yield Buffer.from(dashes);
    for (;;) yield Buffer.alloc(256 * 1024, "x");
  };
  const { Readable } = await import("node:stream");
  const { openReader } = await import("../../../src/readers/index.ts");
  const reader = await openReader(["-"], { stdin: Readable.from(endless(), { objectMode: false }) });
  const reading = async () => {
    for await (const _ of reader.rows(new AbortController().signal)) expect.unreachable();
  };
  await expect(reading()).rejects.toMatchObject({
    code: "bad-rows",
    message: expect.stringContaining("line 3: the line is too long"),
  });
});
