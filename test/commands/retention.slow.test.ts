import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { period, periodEnd } from "../../src/cli/dates.ts";
import { openKnownArchive } from "../helpers/known-archive.ts";
import { runHere } from "../helpers/run-here.ts";

test("retention deletes only what no rule keeps, after a dry run, and never what has no start or is held", async () => {
  await using archive = await openKnownArchive({
    old: { start: "2010-01-01T00:00:00Z", direction: "inbound" },
    held: { start: "2010-01-01T00:00:00Z", direction: "inbound" },
    longer: { start: "2010-01-01T00:00:00Z", direction: "outbound" },
    maybe: { start: "2010-01-01T00:00:00Z" },
    undated: { direction: "inbound" },
  });
  const callreel = (...args: string[]) => runHere([...args, "-d", archive.dest], { env: {} });
  expect((await callreel("purge", "--by-retention")).code).toBe(2);
  expect((await callreel("retention", "set", "7y")).code).toBe(0);
  expect((await callreel("retention", "set", "99y", "--direction", "outbound")).code).toBe(0);
  expect((await callreel("hold", "add", "held")).code).toBe(0);
  const dry = await callreel("purge", "--by-retention");
  expect([dry.code, dry.out, dry.err]).toEqual([
    3,
    "ringcentral/old.wav\n",
    expect.stringContaining("1 recording kept"),
  ]);
  expect((await callreel("purge", "--by-retention", "--yes")).code).toBe(3);
  const standing = ["old", "held", "longer", "maybe", "undated"].map((id) => existsSync(archive.fileOf(id)));
  expect(standing).toEqual([false, true, true, true, true]);
  expect((await callreel("retention", "remove", "--direction", "inbound")).code).toBe(4);
});

test("where the audit log wants a reason, no retention rule is set or removed without one", async () => {
  await using archive = await openKnownArchive({ old: { start: "2010-01-01T00:00:00Z" } });
  const callreel = (...args: string[]) =>
    runHere([...args, "-d", archive.dest], { env: { CALLREEL_AUDIT_REASON: "required" } });
  const refused = await callreel("retention", "set", "7y");
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("--reason TEXT")]);
  expect((await callreel("retention", "list")).out).toBe("");
  expect((await callreel("retention", "set", "7y", "--reason", "new law")).code).toBe(0);
  expect((await callreel("retention", "remove")).code).toBe(2);
  expect((await callreel("retention", "list")).out).toContain("7y");
  expect((await callreel("audit", "--csv")).out).toContain("new law");
  expect((await callreel("retention", "remove", "--reason", "repealed")).code).toBe(0);
});

test.each([
  ["2024-02-29T10:00:00Z", "1y", "2025-03-01T10:00:00.000Z"],
  ["2026-01-31T00:00:00Z", "1mo", "2026-03-01T00:00:00.000Z"],
  ["2019-03-01T00:00:00Z", "7y", "2026-03-01T00:00:00.000Z"],
  ["2026-01-01T00:00:00Z", "1y6mo2w1d", "2027-07-16T00:00:00.000Z"],
])("a call of %s kept for %s is due at %s", (start, span, end) => {
  expect(new Date(periodEnd(Date.parse(start), period(span), "UTC")).toISOString()).toBe(end);
});

test.each(["", "0y", "7", "7m", "-1y"])("%s is no period", (text) => {
  expect(() => period(text)).toThrow(expect.objectContaining({ code: "usage" }));
});
