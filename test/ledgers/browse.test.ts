import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Call } from "../../src/core/model/recording.ts";
import type { BrowseQuery, Position } from "../../src/ledgers/browse-query.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { type Browse, openBrowse } from "../../src/ledgers/sqlite/browse.ts";
import { openDatabase } from "../../src/ledgers/sqlite/database.ts";
import { openSearchIndex } from "../../src/ledgers/sqlite/search-index.ts";
import { systemClock } from "../../src/platform/clock.ts";

let folder: string;
let file: string;
let ledger: Archive;
let browse: Browse;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "callreel-browse-"));
  file = join(folder, "ledger.db");
  ledger = await openArchive(file, { clock: systemClock, pid: 1 });
  browse = openBrowse(file);
});
afterEach(async () => {
  browse.close();
  await ledger[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function recording(id: string, call: Call) {
  const stored = { path: `${id}.wav`, bytes: 1, sha256: "0".repeat(64), contentType: "audio/wav" as const };
  return { ref: { key: `ringcentral/${id}`, source: "ringcentral" as const, id, locator: {}, call }, stored };
}

async function keep(...calls: readonly (readonly [id: string, call: Call])[]): Promise<void> {
  await ledger.adopt(calls.map(([id, call]) => recording(id, call)));
}

function indexed(): void {
  while (browse.index()) {}
}

/** Every page to the end, and how many there were. */
function all(query: Partial<BrowseQuery> = {}): { ids: string[]; pages: number } {
  const ids: string[] = [];
  let pages = 0;
  let after: Position | undefined;
  do {
    const page = browse.page({ states: ["done"], limit: 10, ...query, ...(after && { after }) });
    ids.push(...page.entries.map(({ entry }) => entry.ref.id));
    after = page.next;
    pages += 1;
  } while (after !== undefined);
  return { ids, pages };
}

const minute = (at: number) => new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString();

test("pages hold every recording once, newest call first, however many began in one instant or at a time unknown", async () => {
  await keep(
    ...Array.from({ length: 300 }, (_, at) => [`a${at}`, { start: minute(Math.floor(at / 100)) }] as const),
    ...Array.from({ length: 50 }, (_, at) => [`b${at}`, {}] as const),
  );
  const { ids } = all();
  expect(new Set(ids).size).toBe(350);
  expect(ids).toHaveLength(350);
  expect(ids.slice(0, 2)).toEqual(["a299", "a298"]);
  expect(ids.at(-1)).toBe("b0");
  expect(all({ source: "tim" }).ids).toEqual([]);
});

test("a page looks at so many recordings at most, and says where to go on", async () => {
  await keep(...Array.from({ length: 9_000 }, (_, at) => [`a${at}`, { start: minute(at), name: "x" }] as const));
  await keep(["rare", { start: minute(0), name: "needle", direction: "inbound" }]);
  for (const query of [{ text: "needle" }, { direction: "inbound" as const }]) {
    const { ids, pages } = all(query);
    expect(ids).toEqual(["rare"]);
    expect(pages).toBeGreaterThan(2);
  }
  indexed();
  expect(all({ text: "needle" })).toEqual({ ids: ["rare"], pages: 1 });
});

const people: readonly (readonly [string, Call])[] = [
  ["1", { start: "2026-01-01T10:00:00", name: "Jürgen Müller", from: "+49 30 1234-567" }],
  ["2", { start: "2026-01-02T10:00:00", name: "José Groß", from: "(650) 555-7602", extension: "101" }],
  ["3", { start: "2026-01-03T10:00:00", name: 'say "hello" OR NOT', to: "+16505557602" }],
  ["4", { name: "Zoë", start: "" }],
];

test.each([
  ["muller", ["1"]],
  ["MÜLLER", ["1"]],
  ["jose", ["2"]],
  ["gross", ["2"]],
  ["6505557602", ["3", "2"]],
  ["301234567", ["1"]],
  ["30 1234-567", ["1"]],
  ['"hello"', ["3"]],
  ['hello" OR NOT', ["3"]],
  ["OR", ["3"]],
  ["zoe", ["4"]],
  ["101", ["2"]],
  ["%", []],
  ["___", []],
])("%s finds %j, with the index as without it", async (text, ids) => {
  await keep(...people);
  expect(all({ text }).ids).toEqual(ids);
  indexed();
  expect(all({ text }).ids).toEqual(ids);
});

test("what comes later is found, within bounds and over pages in the order of calls", async () => {
  await keep(...people);
  indexed();
  await keep(...Array.from({ length: 60 }, (_, at) => [`l${at}`, { start: minute(59 - at), name: "later" }] as const));
  const { ids } = all({ text: "later", limit: 7 });
  expect(ids).toEqual(Array.from({ length: 60 }, (_, at) => `l${at}`));
  expect(all({ text: "later", from: minute(10), to: minute(12) }).ids).toEqual(["l48", "l49"]);
});

test("a search that began without the index ends without it", async () => {
  await keep(...Array.from({ length: 30 }, (_, at) => [`a${at}`, { start: minute(at), name: "same" }] as const));
  const first = browse.page({ states: ["done"], limit: 10, text: "same" });
  indexed();
  const { next } = browse.page({ states: ["done"], limit: 10, text: "same", after: first.next as Position });
  expect(next?.indexed).toBeUndefined();
  expect(browse.page({ states: ["done"], limit: 10, text: "same" }).next?.indexed).toBe(true);
});

test("what was purged or renamed is not found under its old name, and its new one is found", async () => {
  await keep(...people);
  const database = openDatabase(file, true);
  let now = Date.now();
  const index = openSearchIndex(database, () => now);
  while (index.advance()) {}
  expect(index.find("muller", {}, 10)).toHaveLength(1);
  await ledger.purge(["ringcentral/1"], "asked");
  now += 31_000;
  while (index.advance()) {}
  expect(index.find("muller", {}, 10)).toEqual([]);
  index.close();
  database.close();
});
