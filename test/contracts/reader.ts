import { describe, expect, test } from "vitest";
import type { Reader } from "../../src/core/model/ports.ts";
import type { Row } from "../../src/core/model/recording.ts";

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

/** All rows of a reader; rejected rows fail the test. */
export async function allRows(reader: Reader, signal = new AbortController().signal): Promise<Row[]> {
  const all: Row[] = [];
  for await (const { rows, rejected = [] } of reader.rows(signal)) {
    expect(rejected).toEqual([]);
    all.push(...rows);
  }
  return all;
}
