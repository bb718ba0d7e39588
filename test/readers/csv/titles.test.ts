import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { openReader, type ReaderSettings } from "../../../src/readers/index.ts";

async function read(text: string, settings: ReaderSettings = {}) {
  const reader = await openReader(["-"], {
    ...settings,
    stdin: Readable.from([Buffer.from(text)], { objectMode: false }),
  });
  const names: unknown[] = [];
  const notices: string[] = [];
  const rejected: string[] = [];
  for await (const batch of reader.rows(new AbortController().signal)) {
    names.push(...batch.rows.map(({ fields }) => fields.voicefilename));
    notices.push(...(batch.notices ?? []));
    rejected.push(...(batch.rejected ?? []).map(({ line, message }) => `${line}: ${message}`));
  }
  return { names, notices, rejected };
}

const head = "datasource,voicelocation,voicefilename";

test("title lines above the column names are skipped and told", async () => {
  const { names, notices, rejected } = await read(`Calls report\r\nFrom,01/01/2026\r\n\r\n${head}\r\n3,4,N\r\n`);
  expect([names, rejected]).toEqual([["N"], []]);
  expect(notices[0]).toContain("3 lines above the column names");
  expect((await read(`\n#TYPE x\n${head}\n3,4,N\n`)).notices).toEqual([]);
  expect((await read(`Report\n"a","rec"\n3,N\n`, { map: { voicefilename: "rec" } })).names).toEqual(["N"]);
});

test.each([`${head}\n3,4,N\n\x1a`, `${head}\n3,4,N\x1a`, `${head}\r\n3,4,N\r\n\x1a\x1a\r\n`])(
  "the Ctrl-Z at the end of %j is skipped and told",
  async (text) => {
    const { names, notices, rejected } = await read(text);
    expect([names, rejected]).toEqual([["N"], []]);
    expect(notices).toEqual(["-: the Ctrl-Z at its end was ignored."]);
  },
);

test.each([
  [
    "mysql",
    "+---+---+---+\n| datasource | voicelocation | voicefilename |\n+---+---+---+\n| 3 | 4 | N |\n| 3 | 4 | NULL |\n+---+---+---+\n2 rows in set (0.00 sec)\n",
  ],
  ["psql", " datasource | voicelocation | voicefilename \n---+----+---\n 3 | 4 | N\n 3 | 4 | \n(2 rows)\n\n"],
  ["Markdown", "| datasource | voicelocation | voicefilename |\n|---|:--|---|\n| 3 | 4 | N |\n| 3 | 4 | |\n"],
])("the table that %s draws is read", async (_, text) => {
  const { names, rejected } = await read(text);
  expect([names, rejected]).toEqual([["N", null], []]);
});

test.each([
  "-[ RECORD 1 ]--\ndatasource | 3\n",
  "*************************** 1. row ****\ndatasource: 3\n",
  "┌──┐\n│ a │\n",
])("%j is refused by name", async (text) => {
  await expect(read(text)).rejects.toThrow(/export/);
});
