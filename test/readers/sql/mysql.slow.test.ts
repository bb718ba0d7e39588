import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DatabaseSettings, openDatabase } from "../../../src/readers/index.ts";
import {
  allRows,
  contractColumns,
  contractRows,
  testFilters,
  testLogin,
  testMapping,
  testReader,
} from "../../contracts/reader.ts";
import { type MariadbServer, noMariadb, startMariadb } from "../../helpers/mariadb.ts";

describe.skipIf(noMariadb !== undefined)(`MariaDB ${noMariadb ?? ""}`, () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb();
    await server.run(
      `CREATE TABLE tim.calls (datasource varchar(20), voicelocation char(8), voicefilename varchar(64), start datetime(3),
         duration integer, extension varchar(20), number text, name varchar(100), direction varchar(10))`,
    );
    await server.run("INSERT INTO tim.calls VALUES ?", [
      contractRows.map((row) => contractColumns.map((column) => row[column])),
    ]);
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const open = (settings: Partial<DatabaseSettings> = {}) =>
    openDatabase(server.url, {
      password: server.password,
      ...(settings.query === undefined ? { table: "calls" } : {}),
      ...settings,
    });

  testReader("MariaDB", async () => ({
    reader: await open(),
    secrets: [server.password, "callreel@"],
    [Symbol.asyncDispose]: async () => {},
  }));

  test("a password may stand in the URL, and mariadb:// means the same", async () => {
    const url = server.url.replace("callreel@", `callreel:${encodeURIComponent(server.password)}@`);
    const [row] = await allRows(await openDatabase(url.replace("mysql:", "mariadb:"), { query: "SELECT 1 AS one" }));
    expect(row).toEqual({ fields: { one: "1" }, file: `mariadb://127.0.0.1:${server.port}/tim`, line: 1 });
  });

  test("times, long numbers and bytes come out as the database has them", async () => {
    const query = `SELECT CAST('2024-10-27 02:30:00.5' AS datetime(1)) AS start, CAST('2024-05-01' AS date) AS day,
      18446744073709551615 AS big, 0.10 AS fraction, CAST(x'00ff' AS binary) AS bytes, NULL AS nothing, '  ' AS blank`;
    const [row] = await allRows(await open({ query }));
    expect(row?.fields).toEqual({
      start: "2024-10-27 02:30:00.5",
      day: "2024-05-01",
      big: "18446744073709551615",
      fraction: "0.10",
      bytes: "00FF",
      nothing: null,
      blank: null,
    });
  });

  testFilters({
    open,
    odd: {
      add: () => server.run("INSERT INTO tim.calls (datasource) VALUES ('x')"),
      remove: () => server.run("DELETE FROM tim.calls WHERE datasource = 'x'"),
      count: 1,
    },
  });

  testMapping(open, "tim.`odd ``calls```", () =>
    server.run(
      "CREATE VIEW tim.`odd ``calls``` AS SELECT voicefilename AS rec_id, start AS `Call Start`, extension FROM tim.calls",
    ),
  );

  testLogin("mysql", () => server);

  test.each([
    ["a table that is not there", "usage", { table: "cals" }],
    ["SQL that is none", "usage", { query: "SELEC 1" }],
    ["a statement that writes", "usage", { query: "DELETE FROM calls" }],
    ["a second statement", "usage", { query: "SELECT 1; DELETE FROM calls" }],
    ["a database that is not ours", "permission-refused", { query: "SELECT * FROM mysql.global_priv" }],
  ] as const)("%s is %s, and changes nothing", async (_, code, settings) => {
    await expect(allRows(await open(settings))).rejects.toMatchObject({ code });
    expect(await allRows(await open())).toHaveLength(2000);
  });

  test("an abort ends a query that is running", async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error("enough")), 200);
    await expect(allRows(await open({ query: "SELECT SLEEP(20)" }), stopping.signal)).rejects.toThrow("enough");
  });

  test("a connection that the server ends is told as such", async () => {
    const query = "SELECT a.number, CONNECTION_ID() AS id FROM calls a, calls b";
    const reading = async () => {
      for await (const { rows } of (await open({ query })).rows(new AbortController().signal)) {
        await server.run(`KILL ${rows[0]?.fields.id}`).catch(() => {});
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: expect.stringMatching(/^(server-error|reset)$/) });
  });
});
