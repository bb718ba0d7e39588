import { afterAll, beforeAll, expect, test } from "vitest";
import { type ArchiveSet, openArchiveSet } from "../../src/player/library/archive-set.ts";
import {
  type Catalogue,
  cataloguePage,
  catalogueTotal,
  type Page,
  type Total,
} from "../../src/player/library/catalogue-page.ts";
import { readQuery } from "../../src/player/library/catalogue-query.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

let played: PlayedArchive;
let archiveSet: ArchiveSet;

beforeAll(async () => {
  played = await openPlayedArchive();
  archiveSet = openArchiveSet([{ store: played.store, ledger: played.ledger, library: played.library }]);
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

const page = (query: Record<string, string>): Promise<Page> => asked(query);
const canFetch = (key: string) => key.startsWith("ringcentral/");

function asked(query: Record<string, string>, seen: Partial<Catalogue> = {}): Promise<Page> {
  const params = new URLSearchParams(query);
  const catalogue = { archiveSet, listener: { name: "somebody" }, canFetch, ...seen };
  return cataloguePage(catalogue, params, readQuery(params, Date.parse("2026-12-02T12:00:00Z")));
}

function total(query: Record<string, string> = {}, seen: Partial<Catalogue> = {}): Promise<Total | undefined> {
  const params = new URLSearchParams(query);
  const catalogue = { archiveSet, listener: { name: "somebody" }, canFetch, ...seen };
  const read = readQuery(params, Date.parse("2026-12-02T12:00:00Z"));
  return catalogueTotal(catalogue, params, read, new AbortController().signal);
}

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
  const found = await asked({}, { listener });
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
    { store: played.store, ledger: played.ledger, library: played.library },
    { store: other.store, ledger: other.ledger, library: other.library },
  ]);
  const found = await asked({ text: "wanted", where: "all" }, { archiveSet: both, canFetch: () => true });
  expect(found.recordings.map(({ id, missing }) => [id, missing])).toEqual([
    ["9004", true],
    ["9002", true],
    ["9001", undefined],
  ]);
});

test("the list comes oldest, longest or shortest first as well, each recording once over all pages", async () => {
  await using sorted = await openPlayedArchive();
  for (let at = 0; at < 230; at += 1) {
    const start = `2026-0${1 + (at % 9)}-01T10:00:00.000Z`;
    await sorted.keep("ringcentral", String(at), { start, name: "Anna" }, smallWav(String(at), (at * 7) % 23));
  }
  const set = openArchiveSet([{ store: sorted.store, ledger: sorted.ledger, library: sorted.library }]);
  const walk = async (query: Record<string, string>) => {
    const rows: Page["recordings"][number][] = [];
    let cursor: string | undefined;
    do {
      const found = await asked({ ...query, ...(cursor === undefined ? {} : { cursor }) }, { archiveSet: set });
      rows.push(...found.recordings);
      cursor = found.cursor;
    } while (cursor !== undefined);
    return rows;
  };
  for (const filter of [{}, { text: "anna" }, { text: "an" }, { from: "2026-01", to: "2026-12" }]) {
    for (const sort of ["oldest", "longest", "shortest"]) {
      const rows = await walk({ ...filter, sort });
      expect(new Set(rows.map(({ id }) => id)).size).toBe(230);
      const values = rows.map(({ start, seconds }) => (sort === "oldest" ? Date.parse(start ?? "") : (seconds ?? 0)));
      const ordered = [...values].sort((one, other) => (sort === "longest" ? other - one : one - other));
      expect(values).toEqual(ordered);
    }
  }
});

test.each([
  [{}, 252],
  [{ source: "tim" }, 2],
  [{ direction: "outbound" }, 125],
  [{ from: "Nov 2026", to: "November 2026" }, 125],
  [{ text: "n24" }, 11],
  [{ text: "zz" }, 0],
  [{ text: "1 Dec 2026" }, 1],
  [{ at: "5 Oct 2026" }, 252],
])("of %j there are %i in all", async (query, count) => {
  expect(await total(query)).toEqual({ total: count });
  expect(await all(query)).toHaveLength("at" in query ? 31 : count);
});

test("a list that jumps to a day begins there and goes on; the day's own calls are in it", async () => {
  expect((await page({ at: "5/10/2026" })).recordings[0]?.start).toBe("2026-10-05T10:00:00.000Z");
  expect((await page({ at: "5/10/2026", locale: "en-US" })).recordings[0]?.start).toBe(undefined);
  expect((await page({ at: "6 Nov 2026", sort: "oldest" })).recordings[0]?.start).toBe("2026-11-06T10:00:00.000Z");
});

test("days are the listener's: calls of the evening before in UTC belong to the day that it is where they listen", async () => {
  await using zoned = await openPlayedArchive();
  await zoned.keep("ringcentral", "late", { start: "2026-10-04T22:30:00.000Z" });
  await zoned.keep("ringcentral", "next", { start: "2026-10-05T22:30:00.000Z" });
  await zoned.keep("tim", "local", { start: "2026-10-05T23:30:00" });
  await zoned.keep("tim", "other", { start: "2026-10-04T23:30:00" });
  const set = openArchiveSet([{ store: zoned.store, ledger: zoned.ledger, library: zoned.library }]);
  const ids = async (query: Record<string, string>) =>
    (await asked(query, { archiveSet: set })).recordings.map(({ id }) => id).sort();
  const zone = "Europe/Berlin";
  expect(await ids({ text: "5 Oct 2026", zone })).toEqual(["late", "local"]);
  expect(await ids({ from: "5 Oct 2026", to: "5 Oct 2026", zone, sort: "longest" })).toEqual(["late", "local"]);
  expect(await ids({ text: "5 Oct 2026" })).toEqual(["local", "next"]);
  expect(await total({ text: "5 Oct 2026", zone }, { archiveSet: set })).toEqual({ total: 2 });
});

test("the total of what somebody sees, and of several archives, counts each recording once", async () => {
  const sees = ({ ref }: { ref: { id: string } }) => ref.id.startsWith("41");
  expect(await total({}, { listener: { name: "anna", sees } })).toEqual({ total: 100 });
  await using other = await openPlayedArchive();
  await other.keep("ringcentral", "4001", { start: "2026-10-01T10:00:00.000Z" });
  const both = openArchiveSet([
    { store: played.store, ledger: played.ledger, library: played.library },
    { store: other.store, ledger: other.ledger, library: other.library },
  ]);
  expect(await total({}, { archiveSet: both })).toEqual({ total: 252 });
});
