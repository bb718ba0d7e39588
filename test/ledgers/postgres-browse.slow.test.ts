import { afterAll, beforeAll, expect, test } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Call } from "../../src/core/model/recording.ts";
import type { BrowseQuery, Position } from "../../src/ledgers/browse-query.ts";
import { openPostgresBrowse, type PostgresBrowse } from "../../src/ledgers/postgres/browse.ts";
import { openPostgresLedger } from "../../src/ledgers/postgres/postgres-ledger.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";

describeOnPostgres("the ledger in PostgreSQL, as listeners look through it", (server) => {
  let ledger: Archive;
  let browse: PostgresBrowse;
  beforeAll(async () => {
    ledger = await openPostgresLedger(server.url, { clock: systemClock, pid: 1, password: server.password });
    browse = await openPostgresBrowse(server.url, server.password);
    await keep(people);
    await keep(others);
    await keep(crowd);
    await server.run("ANALYZE callreel.words; ANALYZE callreel.recordings");
  });
  afterAll(async () => {
    await browse?.[Symbol.asyncDispose]();
    await ledger?.[Symbol.asyncDispose]();
  });

  async function keep(calls: readonly (readonly [id: string, call: Call])[]): Promise<void> {
    await ledger.adopt(
      calls.map(([id, call]) => {
        const stored = { path: `${id}.wav`, bytes: 1, sha256: "0".repeat(64), contentType: "audio/wav" as const };
        return { ref: { key: `ringcentral/${id}`, source: "ringcentral" as const, id, locator: {}, call }, stored };
      }),
    );
  }

  /** Every page to the end, and how many there were. */
  async function all(query: Partial<BrowseQuery> = {}): Promise<{ ids: string[]; pages: number }> {
    const ids: string[] = [];
    let pages = 0;
    let after: Position | undefined;
    do {
      const page = await browse.page({ states: ["done"], limit: 100, ...query, ...(after && { after }) });
      ids.push(...page.entries.map(({ entry }) => entry.ref.id));
      after = page.next;
      pages += 1;
    } while (after !== undefined);
    return { ids, pages };
  }

  async function count(query: Partial<BrowseQuery>): Promise<number> {
    let sum = 0;
    let after: Position | undefined;
    do {
      const counted = await browse.count({ states: ["done"], limit: 0, ...query, ...(after && { after }) });
      sum += counted.count;
      after = counted.next;
    } while (after !== undefined);
    return sum;
  }

  const withoutIndex = async (work: () => Promise<void>) => {
    await server.run("ALTER INDEX callreel.words_by_piece RENAME TO away");
    try {
      await work();
    } finally {
      await server.run("ALTER INDEX callreel.away RENAME TO words_by_piece");
    }
  };

  const minute = (at: number) => new Date(Date.UTC(2020, 0, 1) + at * 60_000).toISOString();
  const people: readonly (readonly [string, Call])[] = [
    ["a1", { start: "2026-01-01T10:00:00", name: "Jürgen Müller", from: "+49 30 1234-567" }],
    ["a2", { start: "2026-01-02T10:00:00", name: "José Groß", from: "(650) 555-7602", extension: "x101" }],
    ["a3", { start: "2026-01-03T10:00:00", name: 'say "hello" OR NOT', to: "+16505557602" }],
    ["a4", { name: "Zoë 100% a_b \\c", start: "" }],
    ["a5", { start: "2026-01-04T10:00:00", name: "ŁÓDŹ Ελλάδα МОСКВА", direction: "inbound" }],
  ];
  const others = Array.from(
    { length: 5_000 },
    (_, at) => [`b${at}`, { start: minute(Math.floor(at / 3)), name: "Crowd", duration: at % 7 }] as const,
  );
  const crowd = Array.from(
    { length: 30 },
    (_, at) => [`c${at}`, { start: minute(at), name: "Needle", duration: at }] as const,
  );

  test("pages hold every recording once, newest call first, however many began in one instant or at a time unknown", async () => {
    const { ids } = await all();
    expect([ids.length, new Set(ids).size]).toEqual([5_035, 5_035]);
    expect(ids.slice(0, 4)).toEqual(["a5", "a3", "a2", "a1"]);
    expect(ids.at(-1)).toBe("a4");
    const oldest = await all({ sort: "oldest" });
    expect(oldest.ids).toEqual([...ids].reverse());
    expect((await all({ source: "tim" })).ids).toEqual([]);
    expect([await count({}), await count({ from: minute(0), to: minute(10) })]).toEqual([5_035, 40]);
  });

  test.each([
    ["muller", ["a1"]],
    ["MÜLLER", ["a1"]],
    ["jose", ["a2"]],
    ["gross", ["a2"]],
    ["6505557602", ["a3", "a2"]],
    ["301234567", ["a1"]],
    ["30 1234-567", ["a1"]],
    ['"hello"', ["a3"]],
    ["x101", ["a2"]],
    ["zoe", ["a4"]],
    ["100%", ["a4"]],
    ["%", ["a4"]],
    ["___", []],
    ["a_b", ["a4"]],
    ["\\c", ["a4"]],
    ["lodz", ["a5"]],
    ["ελλαδα", ["a5"]],
    ["москва", ["a5"]],
  ])("%s finds %j, with the index as without it", async (text, ids) => {
    expect((await all({ text })).ids).toEqual(ids);
    expect(await count({ text })).toBe(ids.length);
    await withoutIndex(async () => {
      expect((await all({ text })).ids).toEqual(ids);
      expect(await count({ text })).toBe(ids.length);
    });
  });

  test("what is rare among thousands is one page with the index; what is common goes over pages in order", async () => {
    const needles = Array.from({ length: 30 }, (_, at) => `c${29 - at}`);
    expect(await all({ text: "needle" })).toEqual({ ids: needles, pages: 1 });
    const found = await all({ text: "needle", limit: 7, from: minute(3), to: minute(20) });
    expect(found.ids).toEqual(needles.slice(10, 27));
    const crowded = await all({ text: "crowd" });
    expect([crowded.ids.length, new Set(crowded.ids).size, crowded.ids[0]]).toEqual([5_000, 5_000, "b4999"]);
    expect(await count({ text: "crowd", direction: "inbound" })).toBe(0);
  });

  test("the order of lengths holds over pages, for a text, for some days and for all", async () => {
    const longest = await all({ sort: "longest", limit: 50 });
    expect([longest.ids.length, new Set(longest.ids).size, longest.ids.slice(0, 2)]).toEqual([
      5_035,
      5_035,
      ["c29", "c28"],
    ]);
    expect((await all({ sort: "longest", text: "needle", limit: 4 })).ids).toEqual(
      longest.ids.filter((id) => id.startsWith("c")),
    );
    const days = { from: minute(5), to: minute(8) };
    const shortest = await all({ sort: "shortest", limit: 5, ...days });
    expect([shortest.ids.length, shortest.ids.at(-1)]).toEqual([12, "c7"]);
  });

  test("what is said, renamed or purged later is found as it is now", async () => {
    await ledger.noteTranscripts("ringcentral/a1", [{ path: "a1.vtt", bytes: 1, sha256: "0".repeat(64) }], {
      lines: [{ text: "Guten Morgen," }, { text: "Frau Nowak" }],
    });
    expect((await all({ text: "morgen, frau NOWAK" })).ids).toEqual(["a1"]);
    await keep([["a3", { start: "2026-01-03T10:00:00", name: "Renamed" }]]);
    await ledger.purge(["ringcentral/a1", "ringcentral/a2"]);
    for (const text of ["nowak", "muller", "gross"]) expect((await all({ text })).ids).toEqual([]);
    expect((await all({ text: "jose", states: ["done", "purged"] })).ids).toEqual([]);
  });
});
