import { describe, expect, test } from "vitest";
import type { Reader } from "../../src/core/model/ports.ts";
import type { Row } from "../../src/core/model/recording.ts";
import { type DatabaseSettings, openDatabase } from "../../src/readers/index.ts";

/** A reader over something real that holds `contractRows`. */
export interface ReaderUnderTest extends AsyncDisposable {
  readonly reader: Reader;
  /** Standard input can be read only once. */
  readonly once?: boolean;
  /** What must not be seen in a row's `file`. */
  readonly secrets?: readonly string[];
}

export type ContractRow = Readonly<Record<(typeof contractColumns)[number], string | null>>;

export const contractColumns = [
  "datasource",
  "voicelocation",
  "voicefilename",
  "start",
  "duration",
  "extension",
  "number",
  "name",
  "direction",
] as const;

/** 2,000 calls, oldest first, a minute apart; every tenth without a recording. */
export const contractRows: readonly ContractRow[] = Array.from({ length: 2000 }, (_, at) => ({
  datasource: at % 7 === 0 ? "\\3\\" : "3",
  voicelocation: "4",
  voicefilename: at % 10 === 9 ? null : `NCS${at.toString(16).toUpperCase().padStart(40, "0")}`,
  start: new Date(Date.UTC(2024, 4, 1, 0, at, 7, 123)).toISOString().replace("T", " ").replace("Z", ""),
  duration: String(at % 600),
  extension: String(200 + (at % 50)),
  number: `0207946${String(at).padStart(4, "0")}`,
  name: at % 3 === 0 ? "Zoë Müller" : "Smith, John",
  direction: at % 2 === 0 ? "in" : "out",
}));

/** What every reader must do, whatever it reads from. */
export function testReader(name: string, open: () => Promise<ReaderUnderTest>): void {
  describe(`a reader (${name})`, () => {
    test("hands out every row once, in order, as text with null for no value", async () => {
      await using world = await open();
      const rows = await allRows(world.reader);
      expect(rows.length).toBe(contractRows.length);
      expect(rows.map((row) => ({ ...row.fields }))).toEqual(contractRows);
    });

    test("says of each row where it stands, ever further down, without a secret", async () => {
      await using world = await open();
      const rows = await allRows(world.reader);
      expect(new Set(rows.map(({ file }) => file)).size).toBe(1);
      for (const secret of world.secrets ?? []) expect(rows[0]?.file).not.toContain(secret);
      expect(rows.every((row, at) => row.line >= 1 && row.line > (rows[at - 1]?.line ?? 0))).toBe(true);
    });

    test("hands rows out in batches that are neither empty nor larger than 4,096", async () => {
      await using world = await open();
      for await (const { rows, rejected = [] } of world.reader.rows(new AbortController().signal)) {
        expect(rejected).toEqual([]);
        expect(rows.length).toBeGreaterThan(0);
        expect(rows.length).toBeLessThanOrEqual(4096);
      }
    });

    test("reads nothing when the signal is aborted already, and throws its reason", async () => {
      await using world = await open();
      const reason = new Error("stopped before the start");
      await expect(allRows(world.reader, AbortSignal.abort(reason))).rejects.toThrow(reason.message);
    });

    test("lets itself be left in the middle, and read again from the start", async () => {
      await using world = await open();
      for await (const { rows } of world.reader.rows(new AbortController().signal)) {
        expect(rows[0]?.fields.voicefilename).toBe(contractRows[0]?.voicefilename);
        break;
      }
      if (!world.once) expect(await allRows(world.reader)).toHaveLength(contractRows.length);
    });
  });
}

/** A database whose table `calls` holds `contractRows`; without settings its reader reads that. */
export interface DatabaseUnderTest {
  open(settings?: Partial<DatabaseSettings>): Promise<Reader>;
  /** Adds rows of which no filter can judge anything, takes them away again; and says how many they are. */
  readonly odd: { add(): unknown; remove(): unknown; readonly count: number };
}

/** What every reader of a database must do with filters. */
export function testFilters({ open, odd }: DatabaseUnderTest): void {
  const count = async (selection: NonNullable<DatabaseSettings["selection"]>) =>
    (await allRows(await open({ selection }))).length;

  test.each([
    [{ fromLocal: "2024-05-02T10:00:00" }, 2000],
    [{ fromLocal: "2024-05-03T10:00:00" }, 560],
    [{ toLocal: "2024-05-01T08:00:00" }, 2000],
    [{ toLocal: "2024-04-30T00:00:00" }, 1440],
    [{ minDurationSeconds: 300 }, 900],
    [{ extension: "210" }, 40],
    [{ number: "+44 (0)20 7946-1999" }, 1],
    [{ number: "'; DROP TABLE calls; --" }, 2000],
  ])("the filter %j goes into the query as far as the columns allow", async (selection, rows) => {
    expect(await count(selection)).toBe(rows);
  });

  test("a filter never loses a row that it cannot judge", async () => {
    await odd.add();
    const selection = {
      fromLocal: "2099-01-01T00:00:00",
      minDurationSeconds: 9999,
      number: "999999999",
      extension: "77",
    };
    expect(await count(selection)).toBe(odd.count);
    await odd.remove();
  });
}

/** What every reader of a database behind a server must do with columns under other names; `table` is a view that has them. */
export function testMapping(open: DatabaseUnderTest["open"], table: string, makeView: () => Promise<unknown>): void {
  test("columns under other names are mapped, filtered by and handed out under ours", async () => {
    await makeView();
    const map = { voicefilename: "rec_id", start: "Call Start" };
    const rows = await allRows(await open({ table, map, selection: { fromLocal: "2024-05-03T00:00:00" }, limit: 3 }));
    expect(rows).toHaveLength(3);
    expect(rows[0]?.fields).toEqual({
      voicefilename: contractRows[1440]?.voicefilename,
      start: "2024-05-02 00:00:07.123",
      extension: "240",
    });
  });
}

/** What every reader of a database behind a server must do when it cannot reach it or not log in, or not by TLS. */
export function testLogin(scheme: string, server: () => { readonly url: string; readonly password: string }): void {
  test("a wrong password is a refused login, and is not repeated in the message", async () => {
    const wrong = await openDatabase(server().url, { table: "calls", password: "guess-4711" });
    const error = await allRows(wrong).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "login-refused", message: expect.stringContaining("check user and password") });
    expect((error as Error).message).not.toMatch(/guess-4711/);
  });

  test("a server without TLS is refused where the URL asks for it", async () => {
    const { url, password } = server();
    const settings = { table: "calls", password };
    await expect(allRows(await openDatabase(`${url}?sslmode=require`, settings))).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("sslrootcert=FILE"),
    });
    expect(await allRows(await openDatabase(`${url}?sslmode=disable`, settings))).toHaveLength(2000);
    await expect(async () =>
      allRows(await openDatabase(`${url}?sslrootcert=/nowhere/ca.pem`, settings)),
    ).rejects.toMatchObject({ code: "usage" });
  });

  test("a server that is not there is unreachable", async () => {
    const nowhere = await openDatabase(`${scheme}://u@127.0.0.1:1/tim`, { table: "calls" });
    await expect(allRows(nowhere)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining(`${scheme}://127.0.0.1:1/tim`),
    });
  });
}

/** All rows of a reader; rejected rows fail the test. */
export async function allRows(reader: Reader, signal = new AbortController().signal): Promise<Row[]> {
  const all: Row[] = [];
  for await (const { rows, rejected = [] } of reader.rows(signal)) {
    expect(rejected).toEqual([]);
    all.push(...rows);
  }
  return all;
}
