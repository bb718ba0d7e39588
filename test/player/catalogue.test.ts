import { afterAll, beforeAll, expect, test } from "vitest";
import { type ArchiveSet, openArchiveSet } from "../../src/player/library/archive-set.ts";
import { cataloguePage, type Page } from "../../src/player/library/catalogue-page.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let archiveSet: ArchiveSet;

beforeAll(async () => {
  played = await openPlayedArchive();
  archiveSet = openArchiveSet([{ root: played.root, ledger: played.ledger, library: played.library }]);
  // Three calls begin in each instant, so that pages end between calls of one start.
  for (let at = 0; at < 250; at += 1) {
    const day = String(1 + (Math.floor(at / 3) % 28)).padStart(2, "0");
    const start = `2026-${at < 125 ? "10" : "11"}-${day}T10:00:00.000Z`;
    const direction = at % 2 === 0 ? ("inbound" as const) : ("outbound" as const);
    await played.keep("ringcentral", String(4000 + at), { start, direction, from: `+4420718380${at}`, name: `N${at}` });
  }
  await played.keep("tim", "NCS1", { start: "2026-12-01T09:00:00", extension: "230" });
  await played.keep("tim", "unknown-time", {});
});
afterAll(() => played[Symbol.asyncDispose]());

const page = (query: Record<string, string>): Promise<Page> =>
  cataloguePage(archiveSet, new URLSearchParams(query), { name: "somebody" }, (key) => key.startsWith("ringcentral/"));

async function all(query: Record<string, string> = {}): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const found = await page({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...found.recordings.map(({ id }) => id));
    cursor = found.cursor;
  } while (cursor !== undefined);
  return ids;
}

test("page by page every recording comes once, newest call first, those of unknown time last", async () => {
  const ids = await all();
  expect(ids).toHaveLength(252);
  expect(new Set(ids).size).toBe(252);
  expect([ids[0], ids.at(-1)]).toEqual(["NCS1", "unknown-time"]);
});

test("filters hold over all pages", async () => {
  expect(await all({ direction: "outbound" })).toHaveLength(125);
  expect(await all({ source: "tim" })).toEqual(["NCS1", "unknown-time"]);
  expect(await all({ from: "2026-11-01", to: "2026-11-30" })).toHaveLength(125);
});

test.each([
  ["+44 20 7183 8017", ["4170", "4171", "4172", "4173", "4174", "4175", "4176", "4177", "4178", "4179", "4017"]],
  ["N249", ["4249"]],
  ["230", ["NCS1", "4230"]],
  ["2026-12-01", ["NCS1"]],
  ["2026-12", ["NCS1"]],
  ["2026-12-01 230", ["NCS1"]],
  ["nobody", []],
  ["%", []],
])("searching for %s finds %j", async (text, ids) => {
  expect((await all({ text })).sort()).toEqual([...ids].sort());
});

test("a cursor that somebody made up is taken as none", async () => {
  expect((await page({ cursor: "nonsense" })).recordings[0]?.id).toBe("NCS1");
});

test("nobody sees what is not theirs", async () => {
  const listener = { name: "anna", sees: ({ ref }: { ref: { id: string } }) => ref.id === "4001" };
  const found = await cataloguePage(archiveSet, new URLSearchParams(), listener, () => true);
  expect(found.recordings.map(({ id }) => id)).toEqual(["4001"]);
});

test("what is known and not there is listed when asked for, as far as it can be fetched and may still be there", async () => {
  const missing = (id: string, start: string, source: "ringcentral" | "tim" = "ringcentral") => ({
    ...{ key: source === "tim" ? `tim/3/4/${id}` : `ringcentral/${id}`, source, id, locator: {} },
    call: { start, name: "wanted" },
  });
  await played.want(missing("9001", "2026-10-15T10:00:00.000Z"));
  await played.want(missing("9002", "2026-12-02T10:00:00.000Z"), "http-error");
  await played.want(missing("9003", "2026-12-03T10:00:00.000Z"), "gone");
  await played.want(missing("9004", "2026-12-04T10:00:00.000Z", "tim"));
  expect(await all({ text: "wanted" })).toEqual([]);
  expect(await all({ text: "wanted", where: "all" })).toEqual(["9002", "9001"]);
  expect((await page({ text: "wanted", where: "all" })).recordings[0]?.missing).toBe(true);
  expect(await all({ where: "all" })).toHaveLength(254);
  await using other = await openPlayedArchive();
  await other.keep("ringcentral", "9001", { start: "2026-10-15T10:00:00.000Z", name: "wanted" });
  const both = openArchiveSet([
    { root: played.root, ledger: played.ledger, library: played.library },
    { root: other.root, ledger: other.ledger, library: other.library },
  ]);
  const query = new URLSearchParams({ text: "wanted", where: "all" });
  const found = await cataloguePage(both, query, { name: "somebody" }, () => true);
  expect(found.recordings.map(({ id, missing }) => [id, missing])).toEqual([
    ["9004", true],
    ["9002", true],
    ["9001", undefined],
  ]);
});
