import { describe, expect, test } from "vitest";
import { type DatabaseSettings, openDatabase } from "../../../src/readers/index.ts";
import { allRows, contractColumns, contractRows, testReader } from "../../contracts/reader.ts";
import { type FakeTds, startFakeTds, type TdsAnswer } from "../../helpers/fake-tds.ts";
import type { TdsStatement } from "../../helpers/fake-tds-requests.ts";
import type { TdsColumn } from "../../helpers/fake-tds-tokens.ts";

// No SQL Server can be had for tests: these run against a small server of our own that speaks its protocol.

const password = "it's a p@ss/word";
const columns: readonly TdsColumn[] = contractColumns.map((name) => ({
  name: name === "voicefilename" ? "VoiceFilename" : name,
  type: name === "start" ? "datetime2" : name === "duration" ? "int" : "nvarchar",
}));

function calls({ sql }: TdsStatement): TdsAnswer {
  if (sql.includes("WHERE 1 = 0")) return { columns };
  return { columns, rows: contractRows.map((row) => contractColumns.map((column) => row[column])) };
}

const start = (answer: (statement: TdsStatement) => TdsAnswer = calls) =>
  startFakeTds({ user: "tim", password, answer });

function open(server: FakeTds, settings: Partial<DatabaseSettings> = {}) {
  return openDatabase(`mssql://tim@127.0.0.1:${server.port}/TIM?encrypt=false`, {
    password,
    ...(settings.query === undefined ? { table: "dbo.calls" } : {}),
    ...settings,
  });
}

describe("SQL Server", () => {
  testReader("SQL Server", async () => {
    const server = await start();
    return {
      reader: await open(server),
      secrets: [password, "tim@"],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });

  test("times, long numbers and GUIDs come out as the database has them, unshifted", async () => {
    await using server = await start(() => ({
      columns: [
        { name: "old", type: "datetime" },
        { name: "new", type: "datetime2" },
        { name: "day", type: "date" },
        { name: "big", type: "bigint" },
        { name: "id", type: "uniqueidentifier" },
        { name: "none", type: "int" },
        { name: "blank", type: "nvarchar" },
      ],
      rows: [
        [
          "2024-10-27 01:30:00.500",
          "2024-03-31 02:30:00.1234567",
          "2024-05-01",
          "9223372036854775807",
          "344f91cf-ba35-48e4-8080-a80a3816f5e7",
          null,
          "  ",
        ],
      ],
    }));
    expect((await allRows(await open(server, { query: "SELECT" })))[0]?.fields).toEqual({
      old: "2024-10-27 01:30:00.500",
      new: "2024-03-31 02:30:00.1234567",
      day: "2024-05-01",
      big: "9223372036854775807",
      id: "344F91CF-BA35-48E4-8080-A80A3816F5E7",
      none: null,
      blank: null,
    });
  });

  test("a filter goes into the query as parameters, with names quoted the server's way", async () => {
    await using server = await start();
    const selection = {
      fromLocal: "2024-05-02T10:00:00",
      toLocal: "2024-05-01T12:00:00",
      minDurationSeconds: 30,
      extension: "210",
      number: "'--1",
    };
    await allRows(await open(server, { table: `dbo."odd ]table"`, selection, limit: 5 }));
    expect(server.statements.map(({ sql }) => sql)).toEqual([
      "SELECT * FROM [dbo].[odd ]]table] WHERE 1 = 0",
      "SELECT TOP (5) * FROM [dbo].[odd ]]table] WHERE ([start] IS NULL OR [start] >= @p1) AND ([start] IS NULL OR [start] < @p2)" +
        " AND ([duration] IS NULL OR [duration] >= CAST(@p3 AS DECIMAL(18, 3))) AND ([extension] IS NULL OR [extension] LIKE @p4)" +
        " AND ([number] IS NULL OR [number] LIKE @p5 OR [extension] IS NULL OR [extension] LIKE @p6) ORDER BY [start]",
    ]);
    expect(server.statements[1]?.parameters).toEqual({
      p1: "20240501",
      p2: "20240503",
      p3: "30",
      p4: "%2%1%0%",
      p5: "%1%",
      p6: "%1%",
    });
  });

  test("a query is sent as it is, and its columns are mapped", async () => {
    await using server = await start(() => ({ columns: [{ name: "rec_id", type: "nvarchar" }], rows: [["x"]] }));
    const reader = await open(server, { query: "EXEC calls_of_today", map: { voicefilename: "rec_id" } });
    expect((await allRows(reader))[0]?.fields).toEqual({ voicefilename: "x" });
    expect(server.statements).toEqual([{ sql: "EXEC calls_of_today", parameters: {} }]);
  });

  test("the server is held back while rows wait to be taken", async () => {
    const rows = function* () {
      for (let at = 0; at < 300_000; at++) yield [`row ${at} ${"x".repeat(80)}`];
    };
    await using server = await start(() => ({ columns: [{ name: "text", type: "nvarchar" }], rows: rows() }));
    for await (const batch of (await open(server, { query: "SELECT" })).rows(new AbortController().signal)) {
      expect(batch.rows.length).toBeLessThanOrEqual(4096);
      await new Promise((resolve) => setTimeout(resolve, 300));
      break;
    }
    expect(server.rowsSent()).toBeLessThan(200_000);
  });

  test("a wrong password is a refused login, told once and without the password", async () => {
    await using server = await start();
    const error = await allRows(await open(server, { password: "guess-4711" })).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "login-refused", message: expect.stringContaining("check user and password") });
    expect((error as Error).message).not.toContain("guess-4711");
    expect(server.statements).toEqual([]);
    expect(server.logins()).toBe(1);
  });

  test.each([
    ["a table that is not there", 208, "usage"],
    ["a column that is not there", 207, "usage"],
    ["a table that may not be read", 229, "permission-refused"],
    ["a deadlock", 1205, "server-error"],
    ["a division by zero", 8134, "bad-rows"],
  ])("%s (error %i) is %s", async (_, number, code) => {
    await using server = await start(() => ({ error: { number, message: "What the server says" } }));
    await expect(allRows(await open(server, { query: "SELECT" }))).rejects.toMatchObject({
      code,
      message: expect.stringContaining("What the server says"),
    });
  });

  test("rows before a failure in mid-stream are handed out, and the failure is thrown", async () => {
    await using server = await start((statement) => ({
      ...calls(statement),
      error: { number: 8134, message: "Divide by zero" },
    }));
    let seen = 0;
    const reading = async () => {
      const reader = await open(server, { query: "SELECT" });
      for await (const { rows } of reader.rows(new AbortController().signal)) seen += rows.length;
    };
    await expect(reading()).rejects.toMatchObject({ code: "bad-rows" });
    expect(seen).toBe(contractRows.length);
  });

  test("a connection that breaks in mid-stream is never taken for the end", async () => {
    await using server = await start((statement) => ({ ...calls(statement), cut: true }));
    await expect(allRows(await open(server, { query: "SELECT" }))).rejects.toMatchObject({ code: "reset" });
  });

  test("an abort ends a query that is running", async () => {
    const endless = function* () {
      for (;;) yield ["x"];
    };
    await using server = await start(() => ({ columns: [{ name: "text", type: "nvarchar" }], rows: endless() }));
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error("enough")), 100);
    await expect(allRows(await open(server, { query: "SELECT" }), stopping.signal)).rejects.toThrow("enough");
  });

  test("a server without encryption is refused unless the URL says that it may be", async () => {
    await using server = await start();
    const reader = await openDatabase(`mssql://tim@127.0.0.1:${server.port}/TIM`, { table: "calls", password });
    await expect(allRows(reader)).rejects.toMatchObject({ code: "tls" });
    expect(server.logins()).toBe(0);
  });

  test("a server that is not there is unreachable", async () => {
    const reader = await openDatabase("mssql://tim@127.0.0.1:1/TIM", { table: "calls", password });
    await expect(allRows(reader)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("mssql://127.0.0.1:1/TIM"),
    });
  });
});
