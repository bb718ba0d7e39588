import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSqlite, type Sqlite } from "../../../src/platform/sqlite.ts";
import { type DatabaseSettings, openDatabase } from "../../../src/readers/index.ts";
import { allRows, contractColumns, contractRows, testFilters, testReader } from "../../contracts/reader.ts";

describe("SQLite", () => {
  let folder: string;
  let path: string;
  let database: Sqlite;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "callreel-sqlite-rows-"));
    path = join(folder, "it's 100% tim.db");
    database = openSqlite(path);
    database.exec(
      `CREATE TABLE calls (datasource TEXT, voicelocation TEXT, voicefilename TEXT, start DATETIME, duration INTEGER,
         extension, number TEXT, name TEXT, direction TEXT)`,
    );
    database.exec("BEGIN");
    const insert = database.prepare(`INSERT INTO calls VALUES (${contractColumns.map(() => "?").join(", ")})`);
    for (const row of contractRows) insert.run(...contractColumns.map((column) => row[column]));
    database.exec("COMMIT");
  });
  afterAll(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = () => `sqlite://${encodeURI(path)}`;
  const open = (settings: Partial<DatabaseSettings> = {}) =>
    openDatabase(url(), { ...(settings.query === undefined ? { table: "calls" } : {}), ...settings });

  testReader("SQLite", async () => ({ reader: await open(), [Symbol.asyncDispose]: async () => {} }));

  test("a relative path is taken as it stands", async () => {
    const reader = await openDatabase(`sqlite:${relative(process.cwd(), path)}`, { query: "SELECT 1 AS one" });
    expect((await allRows(reader))[0]?.fields).toEqual({ one: "1" });
  });

  test("numbers of any length and bytes come out as text, and a null as null", async () => {
    const query = "SELECT 9223372036854775807 AS big, 1.5 AS fraction, x'00ff' AS bytes, NULL AS none, '  ' AS blank";
    expect((await allRows(await open({ query })))[0]?.fields).toEqual({
      big: "9223372036854775807",
      fraction: "1.5",
      bytes: "00FF",
      none: null,
      blank: null,
    });
  });

  testFilters({
    open,
    odd: {
      add: () =>
        database.exec(
          "INSERT INTO calls (start, duration) VALUES ('01/05/2024 09:00', '00:00:05'), (1714554187, NULL)",
        ),
      remove: () => database.exec("DELETE FROM calls WHERE datasource IS NULL"),
      count: 2,
    },
  });

  test("a table in brackets and mapped columns are found, oldest first", async () => {
    database.exec(`CREATE TABLE "odd ""calls""" (rec_id TEXT, "Call Start" TEXT)`);
    database.exec(
      `INSERT INTO "odd ""calls""" VALUES ('b', '2024-05-02T08:00:00'), ('a', '2024-05-01 09:00:00'), ('c', '2023')`,
    );
    const reader = await open({
      table: `main.[odd "calls"]`,
      map: { voicefilename: "rec_id", start: "Call Start" },
      selection: { fromLocal: "2024-05-02T00:00:00", toLocal: "2024-05-01T00:00:00" },
    });
    expect((await allRows(reader)).map(({ fields }) => fields.voicefilename)).toEqual(["c", "a", "b"]);
  });

  test("an empty table has no rows", async () => {
    database.exec("CREATE TABLE none (datasource, start)");
    expect(await allRows(await open({ table: "none", selection: { fromLocal: "2024-05-01T00:00:00" } }))).toEqual([]);
  });

  test.each([
    ["a table that is not there", { table: "cals" }],
    ["SQL that is none", { query: "SELEC 1" }],
    ["a day that is none", { selection: { fromLocal: "yesterday" } }],
    ["a table name with more behind it", { table: "calls; DROP TABLE calls" }],
    ["both table and query", { table: "calls", query: "SELECT 1" }],
  ])("%s is wrong usage", async (_, settings) => {
    const reading = async () => allRows(await open(settings));
    await expect(reading()).rejects.toMatchObject({ code: "usage" });
  });

  test("a statement that writes is refused and changes nothing", async () => {
    await expect(allRows(await open({ query: "DELETE FROM calls" }))).rejects.toMatchObject({ code: "bad-rows" });
    expect(await allRows(await open())).toHaveLength(2000);
  });

  test("a file that is not there, or not a database, is told so", async () => {
    await expect(openDatabase("sqlite:/nowhere/tim.db", { table: "calls" })).rejects.toMatchObject({
      code: "usage",
      message: "--database: there is no file /nowhere/tim.db.",
    });
    const text = join(folder, "calls.csv");
    writeFileSync(text, "datasource,voicelocation,voicefilename\n".repeat(100));
    await expect(allRows(await openDatabase(`sqlite://${text}`, { table: "calls" }))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("not a database"),
    });
  });

  test.each(["sqlite://host/tim.db", "sqlite:///%zz"])("a path that cannot be one is wrong usage: %s", async (url) => {
    await expect(openDatabase(url, { table: "calls" })).rejects.toMatchObject({ code: "usage" });
  });

  test("a scheme that is not one of ours is wrong usage, and the URL is not repeated", async () => {
    await expect(openDatabase("oracle://u:secret@host/tim", { table: "calls" })).rejects.toMatchObject({
      code: "usage",
      message: expect.not.stringContaining("secret"),
    });
  });
});
