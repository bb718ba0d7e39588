import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ReportLine } from "../../src/core/proof/report.ts";
import { openSpool } from "../../src/maintenance/report/spool.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { fates, hostile, openReportArchive } from "../helpers/report-archive.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder, type TempFolder } from "../helpers/temp-folder.ts";

interface Report {
  readonly period: { readonly from: string; readonly to: string; readonly timezone: string; readonly month?: string };
  readonly complete: boolean;
  readonly verdict: { readonly is: string; readonly text: string };
  readonly counts: Readonly<Record<string, number>>;
  readonly gaps: readonly ReportLine[];
  readonly recordings: readonly ReportLine[];
  readonly head: string;
  readonly listings: readonly { readonly uncovered: readonly unknown[]; readonly isGiven: boolean }[];
}

let folder: TempFolder;
beforeEach(() => {
  folder = openTempFolder();
});
afterEach(() => folder[Symbol.dispose]());

const march = ["--month", "2026-03", "--timezone", "UTC"];
const report = (...args: string[]) => runHere(["report", "-d", folder.path, ...march, ...args], { cwd: folder.path });

async function fill(chosen: readonly string[] = fates, by?: "call-log" | "rows" | "none") {
  await using archive = await openReportArchive(folder.path, chosen);
  if (by !== "none") await archive.list(by);
}

async function jsonOf(...args: string[]): Promise<{ code: number | null; err: string; told: Report }> {
  const { code, out, err } = await report("--json", "-", ...args);
  return { code, err, told: JSON.parse(out) as Report };
}

test("every fate of a recording is counted once, with its reason, and 6 says that something is open", async () => {
  await fill();
  const { code, err, told } = await jsonOf();
  expect([code, err]).toEqual([
    6,
    expect.stringContaining("Not complete. 11 recordings are open: 3 missing, 2 damaged, 1 too short, "),
  ]);
  expect(told.period).toEqual({
    ...{ from: "2026-03-01T00:00:00.000Z", to: "2026-04-01T00:00:00.000Z", timezone: "UTC", month: "2026-03" },
  });
  const six = { calls: 14, held: 4, missing: 3, gone: 2, short: 1, damaged: 2 };
  expect(told.counts).toMatchObject({
    ...six,
    goneUnproven: 1,
    forbidden: 1,
    notReady: 1,
    purged: 1,
    undated: 2,
    open: 11,
  });
  expect(told.gaps.map(({ id, kind, open }) => [id, kind, open])).toEqual([
    ...[
      ["4", "short", true],
      ["5", "damaged", true],
      ["6", "damaged", true],
      ["7", "missing", true],
    ],
    ...[
      ["8", "missing", true],
      ["9", "missing", true],
      ["10", "not-ready", true],
      ["11", "gone", false],
    ],
    ...[
      ["12", "gone", true],
      ["13", "forbidden", true],
      ["14", "purged", false],
    ],
    ...[
      ["15", "undated", true],
      ["16", "undated", true],
    ],
  ]);
  expect(told.gaps.find(({ id }) => id === "11")?.evidence).toEqual({
    ...{ by: "media.ringcentral.com", times: 2, proven: true },
    ...{ first: "2026-04-02T03:10:00.000Z", last: "2026-04-04T03:10:00.000Z" },
  });
  expect(told.gaps.find(({ id }) => id === "14")?.reason).toMatch(
    /2026-04-02 03:10:00 \+00:00 by ada: asked by letter/,
  );
  expect(told.recordings.map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
  expect(told.head).toMatch(/^[0-9a-f]{64}$/);
  for (const { path, bytes } of told.recordings) expect(statSync(join(folder.path, path as string)).size).toBe(bytes);
});

test("a month that was listed whole and is held is complete; the files are whole, and for their owner alone", async () => {
  await fill(["held", "hostile", "gone", "purged"]);
  const { code, err } = await report("--html", "march.html", "--csv", "march.csv", "--json=march.json");
  expect([code, err]).toEqual([0, expect.stringMatching(/^Complete\. .*2 recordings of 4 held/)]);
  for (const name of ["march.html", "march.csv", "march.json"]) {
    expect(statSync(join(folder.path, name)).mode & 0o777).toBe(0o600);
  }
  const names = readdirSync(folder.path).filter((name) => name.endsWith(".part"));
  expect(names).toEqual([]);
  expect((await report("--html", "march.html", "-q")).err).toBe("");
});

test("what calls say is text in the page and no formula in the CSV", async () => {
  await fill(["hostile"]);
  expect(hostile).toContain("<script>");
  const page = (await report("--html")).out;
  expect(page).toContain("&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;");
  expect(page).not.toMatch(/<script|\u202e|\u2028|https?:|src=|@import/i);
  const csv = (await report("--csv", "-")).out;
  const [header, line, ...others] = csv.trim().split("\r\n");
  expect([header?.split(",").slice(0, 4), others]).toEqual([["kind", "open", "key", "source"], []]);
  expect(line).toMatch(/^held,false,ringcentral\/1,/);
  expect(csv).not.toMatch(/[\u202e\u2028]/);
});

test("completeness is never said of what nobody listed, nor of a part, nor of records that were changed", async () => {
  await fill(["held"], "none");
  const never = await jsonOf();
  expect([never.code, never.told.complete, never.told.verdict.is]).toEqual([6, false, "unlisted"]);
  const wider = await jsonOf("--timezone", "Europe/Berlin");
  expect([wider.code, wider.told.complete]).toEqual([6, false]);
});

test("a list that covers another zone's month leaves an hour that was never listed", async () => {
  await fill(["held"]);
  expect((await jsonOf()).code).toBe(0);
  const { code, out } = await runHere([
    "report",
    "-d",
    folder.path,
    "--month",
    "2026-03",
    "--timezone",
    "Europe/Berlin",
    "--json",
  ]);
  const { verdict, listings } = JSON.parse(out) as Report;
  const uncovered = [{ from: "2026-02-28T23:00:00.000Z", to: "2026-03-01T00:00:00.000Z" }];
  expect([code, verdict.is, listings]).toEqual([6, "unlisted", [expect.objectContaining({ uncovered })]]);
});

test("lines wait in a file that has no name, and come back as they were", async () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder.path;
  try {
    using spool = openSpool();
    const lines = [
      { kind: "held", open: false, name: hostile },
      { kind: "gone", open: true },
    ] as const;
    for (const line of lines) spool.add(line);
    const read: unknown[] = [];
    for await (const batch of spool.batches(() => true)) read.push(...batch);
    for await (const batch of spool.batches(({ open }) => open)) read.push(...batch);
    expect([read, folder.files()]).toEqual([[...lines, lines[1]], []]);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test("no filter of a profile or the environment makes a report smaller than its period", async () => {
  await fill(["held", "failed"]);
  const filters = {
    CALLREEL_SOURCE: "tim",
    CALLREEL_NUMBER: "999",
    CALLREEL_DIRECTION: "inbound",
    CALLREEL_MIN_DURATION: "1h",
    CALLREEL_JSON: "yes",
  };
  const { code, out } = await runHere(["report", "-d", folder.path, ...march, "--json"], { env: filters });
  expect([code, (JSON.parse(out) as Report).counts]).toEqual([
    6,
    expect.objectContaining({ calls: 2, held: 1, missing: 1 }),
  ]);
});

test("rows that people gave are told as such: complete against them, and no more", async () => {
  await fill(["held"], "rows");
  const { code, told } = await jsonOf();
  expect([code, told.complete, told.verdict.is, told.listings[0]?.isGiven]).toEqual([0, false, "given", true]);
  expect(told.verdict.text).toContain("was not asked");
});

test("records that were changed make the whole report worthless, and it says so", async () => {
  await fill(["held"]);
  const database = openSqlite(join(folder.path, ".callreel", "ledger.db"));
  database.exec("UPDATE recordings SET sha256 = replace(sha256, 'a', 'b'); UPDATE runs SET listed = NULL");
  database.close();
  const { code, told } = await jsonOf();
  expect([code, told.verdict.is]).toEqual([6, "broken"]);
});

test.each([
  [["--html", ".callreel/ledger.db"], /archive's own/],
  [["--html", "ringcentral/2026/03/1.wav"], /archive's own/],
  [["--json", "x.info.json"], /archive's own/],
  [["--csv", "."], /not a plain file/],
  [["--csv", "nowhere/x.csv"], /no folder/],
  [["--csv", "a.csv", "--json", "a.csv"], /same file/],
  [[], /--html FILE/],
])("%j is refused before anything is written", async (args, message) => {
  await fill(["held"]);
  const before = readFileSync(join(folder.path, ".callreel/ledger.db"));
  const { code, err } = await report(...args);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  expect(readFileSync(join(folder.path, ".callreel/ledger.db")).equals(before)).toBe(true);
  expect(existsSync(join(folder.path, "a.csv"))).toBe(false);
});

test("a time must be named, and a file that stood there stays when the archive cannot be read", async () => {
  const none = await runHere(["report", "-d", folder.path, "--json"]);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("--month")]);
  const ahead = await runHere(["report", "-d", folder.path, "--from", "2199-01-01", "--json"]);
  expect([ahead.code, ahead.err]).toEqual([2, expect.stringContaining("future")]);
  writeFileSync(join(folder.path, "old.html"), "old");
  expect((await report("--html", "old.html")).code).toBe(2);
  expect(readFileSync(join(folder.path, "old.html"), "utf8")).toBe("old");
});
