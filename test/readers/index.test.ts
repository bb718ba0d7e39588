import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { openReader } from "../../src/readers/index.ts";
import { allRows, contractColumns, contractRows, testReader } from "../contracts/reader.ts";
import { readAll, readStdin, tempFolder } from "./read.ts";

const csv = [contractColumns, ...contractRows.map((row) => contractColumns.map((column) => row[column] ?? ""))]
  .map((cells) => cells.map((cell) => (cell.includes(",") ? `"${cell}"` : cell)).join(","))
  .join("\r\n");
const ndjson = contractRows.map((row) => `${JSON.stringify(row)}\n`).join("");
const json = JSON.stringify({ uri: "x", records: contractRows, paging: { page: 1 } }, undefined, 2);

for (const [name, text] of Object.entries({ CSV: csv, NDJSON: ndjson, JSON: json })) {
  testReader(`${name} file`, async () => {
    const folder = await tempFolder();
    return {
      reader: await openReader([await folder.write("rows.txt", text)], {}),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  });
  testReader(`${name} on standard input`, async () => ({
    reader: await openReader(["-"], { stdin: Readable.from([Buffer.from(text)]) }),
    once: true,
    [Symbol.asyncDispose]: async () => {},
  }));
}

describe("several files", () => {
  test("are read one after the other, each in its own dialect", async () => {
    await using folder = await tempFolder();
    const files = [
      await folder.write("a.json", "datasource;voicefilename\n3;first\n"),
      await folder.write("b.csv", '{"datasource":"3","voicefilename":"second"}\n'),
    ];
    const { rows } = await readAll([...files, "-"], { stdin: Readable.from(['[{"voicefilename":"third"}]']) });
    expect(rows.map(({ fields, file, line }) => [fields.voicefilename, file, line])).toEqual([
      ["first", files[0], 2],
      ["second", files[1], 1],
      ["third", "-", 1],
    ]);
  });

  test("are all looked at before the first row is handed out", async () => {
    await using folder = await tempFolder();
    const good = await folder.write("a.csv", "datasource\n3\n");
    await expect(openReader([good, `${good}.missing`], {})).rejects.toMatchObject({
      code: "usage",
      message: `Cannot read rows from ${good}.missing: no such file.`,
    });
  });
});

describe("what cannot be a file of rows", () => {
  test.each([
    ["a folder", "/tmp", /is a folder/],
    ["a database", "postgres://u:secret@host/db", /^--rows takes files; a database goes into --database\.$/],
    ["standard input that is not there", "-", /no standard input/],
  ])("%s is wrong usage", async (_, file, message) => {
    await expect(openReader([file], {})).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(message),
    });
  });

  test("standard input cannot be read twice", async () => {
    await expect(openReader(["-", "-"], { stdin: Readable.from([]) })).rejects.toMatchObject({ code: "usage" });
  });

  test.each([
    ["an Excel workbook", Buffer.from("PK\x03\x04rest"), /save it as CSV/],
    ["a gzip file", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), /gzip -dc/],
    ["a SQLite file", Buffer.from("SQLite format 3\0rest"), /--database/],
    ["a web page", Buffer.from("\r\n<!DOCTYPE html><html>"), /login page/],
    ["audio", Buffer.from("RIFF1234WAVEfmt "), /not text/],
  ])("%s is named", async (_, bytes, message) => {
    await expect(readStdin(bytes)).rejects.toMatchObject({ code: "bad-rows", message: expect.stringMatching(message) });
  });

  test.each([
    ["nothing", ""],
    ["blank lines", "\r\n \n"],
    ["a byte order mark", "\ufeff"],
    ["an empty list", "[]"],
  ])("%s has no rows, and is not an error", async (_, text) => {
    expect((await readStdin(text)).rows).toEqual([]);
  });
});

describe("a stream", () => {
  test("is pulled only as far as its rows are taken", async () => {
    let pulled = 0;
    const source = function* () {
      yield Buffer.from(`${contractColumns.join(",")}\n`);
      for (; pulled < 10_000; pulled++) yield Buffer.from("3,4,id,2024-05-01,1,2,3,name,in\n".repeat(1000));
    };
    const reader = await openReader(["-"], { stdin: Readable.from(source(), { objectMode: false }) });
    for await (const { rows } of reader.rows(new AbortController().signal)) {
      expect(rows.length).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      break;
    }
    expect(pulled).toBeLessThan(50);
  });

  test("of NDJSON hands out a row as soon as its line is there", async () => {
    const stdin = new PassThrough();
    const reader = await openReader(["-"], { stdin });
    const batches = reader.rows(new AbortController().signal)[Symbol.asyncIterator]();
    stdin.write('{"id":"1"}\n');
    expect((await batches.next()).value.rows).toMatchObject([{ fields: { id: "1" }, line: 1 }]);
    stdin.write('{"id":"2"}\n');
    expect((await batches.next()).value.rows).toMatchObject([{ fields: { id: "2" }, line: 2 }]);
    stdin.end();
    expect((await batches.next()).done).toBe(true);
  });

  test("that is waited for ends with the signal's reason", async () => {
    const stdin = new PassThrough();
    const reader = await openReader(["-"], { stdin });
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error("enough")), 20);
    await expect(allRows(reader, stopping.signal)).rejects.toThrow("enough");
  });

  test("that breaks is never taken for its end", async () => {
    const stdin = new PassThrough();
    const reading = allRows(await openReader(["-"], { stdin }));
    stdin.write(csv);
    setImmediate(() => stdin.destroy(new Error("the pipe broke")));
    await expect(reading).rejects.toThrow("the pipe broke");
    if (!stdin.closed) await once(stdin, "close");
  });
});
