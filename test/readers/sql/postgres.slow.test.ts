import { beforeAll, expect, test } from "vitest";
import { type DatabaseSettings, openDatabase } from "../../../src/readers/index.ts";
import { allRows, contractRows, testFilters, testLogin, testMapping, testReader } from "../../contracts/reader.ts";
import { describeOnPostgres } from "../../helpers/shared-postgres.ts";

describeOnPostgres("PostgreSQL", (server) => {
  beforeAll(async () => {
    await server.run(
      `CREATE TABLE calls (datasource varchar(20), voicelocation char(8), voicefilename text, start timestamp(3),
         duration integer, extension varchar(20), "number" text, "name" text, direction text)`,
    );
    await server.run("INSERT INTO calls SELECT * FROM json_populate_recordset(NULL::calls, $1)", [
      JSON.stringify(contractRows),
    ]);
  });

  const open = (settings: Partial<DatabaseSettings> = {}) =>
    openDatabase(server.url, {
      password: server.password,
      ...(settings.query === undefined ? { table: "calls" } : {}),
      ...settings,
    });

  testReader("PostgreSQL", async () => ({
    reader: await open(),
    secrets: [server.password, "callreel@"],
    [Symbol.asyncDispose]: async () => {},
  }));

  test("a password may stand in the URL, with its special characters escaped", async () => {
    const url = server.url.replace("callreel@", `callreel:${encodeURIComponent(server.password)}@`);
    const [row] = await allRows(await openDatabase(url, { query: "SELECT 1 AS one" }));
    expect(row).toEqual({ fields: { one: "1" }, file: `postgres://127.0.0.1:${server.port}/${server.name}`, line: 1 });
  });

  test("times come out as the database shows them, whatever the zones of server and reader", async () => {
    const query = `SELECT '2024-10-27 01:30:00.5'::timestamp AS start, '2024-03-31 02:30:00+00'::timestamptz AS instant,
      '2024-05-01'::date AS day, 12345678901234567890::numeric AS big, true AS yes, NULL AS nothing, '  ' AS blank`;
    await server.run(`ALTER DATABASE ${server.name} SET timezone = 'Europe/Berlin'`);
    await server.run(`ALTER DATABASE ${server.name} SET datestyle = 'SQL, DMY'`);
    const [row] = await allRows(await open({ query }));
    expect(row?.fields).toEqual({
      start: "2024-10-27 01:30:00.5",
      instant: "2024-03-31 04:30:00+02",
      day: "2024-05-01",
      big: "12345678901234567890",
      yes: "t",
      nothing: null,
      blank: null,
    });
    await server.run(`ALTER DATABASE ${server.name} RESET ALL`);
  });

  testFilters({
    open,
    odd: {
      add: () => server.run("INSERT INTO calls (datasource) VALUES ('x')"),
      remove: () => server.run("DELETE FROM calls WHERE datasource = 'x'"),
      count: 1,
    },
  });

  testMapping(open, 'public."Odd Calls"', () =>
    server.run(
      `CREATE VIEW "Odd Calls" AS SELECT voicefilename AS rec_id, start AS "Call Start", extension FROM calls`,
    ),
  );

  test("only the columns asked for are read", async () => {
    const [row] = await allRows(await open({ columns: ["VoiceFilename", "number"], limit: 1 }));
    expect(Object.keys(row?.fields ?? {})).toEqual(["voicefilename", "number"]);
    await expect(allRows(await open({ columns: ["nope"] }))).rejects.toMatchObject({
      code: "usage",
      message: /no column nope; it has datasource, /,
    });
  });

  testLogin("postgres", () => server);

  test("no password is a refused login too", async () => {
    await expect(allRows(await openDatabase(server.url, { table: "calls" }))).rejects.toMatchObject({
      code: "login-refused",
    });
  });

  test.each([
    ["a table that is not there", { table: "cals" }],
    ["SQL that is none", { query: "SELEC 1" }],
    ["a statement that writes", { query: "DELETE FROM calls" }],
    ["a name that is none", { table: "calls; DROP TABLE calls" }],
    ["a mapped column that is not there", { map: { voicefilename: "rec" }, query: "SELECT 1 AS one" }],
  ])("%s is wrong usage, and changes nothing", async (_, settings) => {
    await expect(allRows(await open(settings))).rejects.toMatchObject({ code: "usage" });
    expect(await allRows(await open())).toHaveLength(2000);
  });

  test("rows before a failure in mid-stream are handed out, and the failure is thrown", async () => {
    const query = "SELECT n, 1 / (1500 - n) AS x FROM generate_series(1, 3000) AS n";
    let seen = 0;
    const reading = async () => {
      for await (const { rows } of (await open({ query })).rows(new AbortController().signal)) seen += rows.length;
    };
    await expect(reading()).rejects.toMatchObject({
      code: "bad-rows",
      message: expect.stringContaining("division by zero"),
    });
    expect(seen).toBeGreaterThan(0);
  });

  test("an abort ends a query that is running", async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error("enough")), 200);
    await expect(allRows(await open({ query: "SELECT pg_sleep(20)" }), stopping.signal)).rejects.toThrow("enough");
  });

  test("a connection that the server ends is told as such", async () => {
    const reading = async () => {
      for await (const _ of (await open({ query: "SELECT n FROM generate_series(1, 1000000) AS n" })).rows(
        new AbortController().signal,
      )) {
        await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'callreel' AND datname = current_database()`);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: expect.stringMatching(/^(server-error|reset)$/) });
  });
});
