import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../src/cli/io.ts";
import { openDiskStore } from "../../src/destinations/disk/store.ts";
import { deletePurged } from "../../src/maintenance/purge-files.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { type KnownArchive, openKnownArchive } from "../helpers/known-archive.ts";
import { runHere } from "../helpers/run-here.ts";
import { testIo } from "../helpers/test-io.ts";

const calls = {
  "401": { start: "2026-03-02T09:00:00Z", direction: "inbound" as const, from: "+16505557602", name: "Jürgen Müller" },
  "402": { start: "2026-04-09T09:00:00Z", direction: "outbound" as const, to: "+442071838750" },
  "403": { start: "2026-05-01T09:00:00Z", direction: "inbound" as const, from: "+442071838750" },
};

function callreel(archive: KnownArchive, ...args: string[]) {
  return runHere([...args, "-d", archive.dest], { env: {} });
}

function standing(archive: KnownArchive, ...ids: string[]): boolean[] {
  return ids.map((id) => existsSync(archive.fileOf(id)));
}

describe("a legal hold", () => {
  test("on a recording is shown everywhere, refuses its purge by name with 3, and is lifted", async () => {
    await using archive = await openKnownArchive(calls);
    const added = await callreel(archive, "hold", "add", "401", "--reason", "claim 2026/17", "--json");
    expect(added.code).toBe(0);
    expect(JSON.parse(added.out)).toMatchObject({
      hold: "hold-1",
      key: "ringcentral/401",
      recordings: 1,
      reason: "claim 2026/17",
    });
    const dry = await callreel(archive, "purge", "--before", "2027-01-01");
    expect([dry.code, dry.out.trim().split("\n").length]).toEqual([3, 2]);
    const purged = await callreel(archive, "purge", "401", "402", "--yes");
    expect([purged.code, purged.err]).toEqual([
      3,
      expect.stringContaining("not purged: ringcentral/401.wav is under hold-1 (claim 2026/17)"),
    ]);
    expect(standing(archive, "401", "402", "403")).toEqual([true, false, true]);
    expect((await callreel(archive, "status", "401")).out).toContain("under hold-1 (claim 2026/17)");
    expect((await callreel(archive, "list", "--archive")).out).toMatch(/^HOLD +START/);
    expect(JSON.parse((await callreel(archive, "list", "--archive", "--json", "401")).out)).toMatchObject({
      holds: ["hold-1"],
    });
    expect((await callreel(archive, "show", "401")).out).toMatch(/under +hold-1 since .*claim 2026\/17/);
    expect((await callreel(archive, "hold", "remove", "401", "--reason", "settled")).code).toBe(0);
    const audited = await callreel(archive, "audit", "--json", "--action", "hold-add", "--action", "hold-remove");
    const lines = audited.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { action: "hold-add", key: "ringcentral/401", reason: "claim 2026/17", operator: expect.any(String) },
      { action: "hold-remove", key: "ringcentral/401", reason: "settled", host: expect.any(String) },
    ]);
    expect((await callreel(archive, "purge", "401", "--yes")).code).toBe(0);
    expect(standing(archive, "401")).toEqual([false]);
    expect((await callreel(archive, "hold", "add", "401")).code).toBe(4);
    expect((await callreel(archive, "verify")).code).toBe(0);
  });

  test("for a second reason is a hold of its own, which outlives the first", async () => {
    await using archive = await openKnownArchive({ "401": calls["401"] });
    const add = (...reason: string[]) => callreel(archive, "hold", "add", "401", ...reason);
    await add("--reason", "claim 1");
    expect((await add("--reason", "claim 2")).out).toContain("hold-2");
    for (const again of [await add("--reason", "claim 1"), await add()]) {
      expect([again.code, again.err]).toEqual([0, expect.stringContaining("Already held by hold-1")]);
    }
    await callreel(archive, "hold", "remove", "hold-1");
    expect((await callreel(archive, "purge", "401", "--yes")).code).toBe(3);
    expect(standing(archive, "401")).toEqual([true]);
  });

  test("by number, person or window keeps what comes later, and what may be meant", async () => {
    await using archive = await openKnownArchive({ "401": calls["401"] });
    for (const rule of [
      ["--number", "020 7183 8750"],
      ["--name", "muller"],
      ["--from", "2030-01-01", "--utc"],
    ]) {
      expect((await callreel(archive, "hold", "add", ...rule)).code).toBe(0);
    }
    await archive.add({
      ...calls,
      undated: { from: "+15550000000" },
      free: { start: "2026-06-01T00:00:00Z", from: "+15550000000" },
    });
    const purged = await callreel(archive, "purge", "401", "402", "403", "undated", "free", "--yes");
    expect(purged.code).toBe(3);
    expect(standing(archive, "401", "402", "403", "undated", "free")).toEqual([true, true, true, true, false]);
    expect((await callreel(archive, "hold", "remove", "--number", "020 7183 8750")).code).toBe(0);
    expect((await callreel(archive, "purge", "402", "403", "--yes")).code).toBe(0);
    expect(standing(archive, "402", "403")).toEqual([false, false]);
  });

  test("is refused where it would say nothing, or something else than was typed", async () => {
    await using archive = await openKnownArchive(calls);
    expect((await callreel(archive, "hold", "add")).code).toBe(2);
    expect((await callreel(archive, "hold", "keep", "401")).code).toBe(2);
    expect((await callreel(archive, "hold", "add", "999")).code).toBe(4);
    expect((await callreel(archive, "hold", "add", "401", "--number", "1")).code).toBe(2);
    expect((await callreel(archive, "hold", "remove", "hold-9")).code).toBe(4);
    expect((await callreel(archive, "hold", "remove", "402")).code).toBe(4);
    const env = { CALLREEL_AUDIT_REASON: "required", CALLREEL_FROM: "2030-01-01" };
    const args = ["hold", "add", "--name", "muller", "-d", archive.dest];
    expect((await runHere(args, { env })).code).toBe(2);
    const added = await runHere([...args, "--reason", "x", "--json"], { env });
    expect(JSON.parse(added.out)).not.toHaveProperty("from");
  });
});

test.each(["DELETE FROM holds", "UPDATE holds SET removed = 1"])(
  "verify finds a hold that was taken out of the ledger by hand: %s",
  async (sql) => {
    await using archive = await openKnownArchive({ "401": calls["401"] });
    await callreel(archive, "hold", "add", "401");
    expect((await callreel(archive, "verify")).code).toBe(0);
    tamper(`${archive.dest}/.callreel/ledger.db`, sql);
    const verified = await callreel(archive, "verify");
    expect([verified.code, verified.out]).toEqual([6, expect.stringContaining("hold-1")]);
  },
);

describe("a purge that broke off", () => {
  test("leaves what was put under a hold since, says so, and goes on once the hold is lifted", async () => {
    await using archive = await openKnownArchive(calls);
    {
      await using ledger = await archive.open();
      expect(await ledger.purge(["ringcentral/401", "ringcentral/402"])).toBe(2);
    }
    const added = await callreel(archive, "hold", "add", "--name", "Müller");
    expect([added.code, added.err]).toEqual([3, expect.stringContaining("what is left of it is kept")]);
    const finished = await callreel(archive, "purge", "--yes");
    expect([finished.code, finished.err]).toEqual([3, expect.stringContaining("ringcentral/401 is under hold-1")]);
    expect(standing(archive, "401", "402", "403")).toEqual([true, false, true]);
    expect((await callreel(archive, "hold", "remove", "hold-1")).code).toBe(0);
    expect((await callreel(archive, "purge", "--yes")).code).toBe(0);
    expect(standing(archive, "401", "403")).toEqual([false, true]);
  });
});

describe("a rebuild of the ledger", () => {
  test("carries holds over", async () => {
    await using archive = await openKnownArchive(calls);
    await callreel(archive, "hold", "add", "--name", "muller", "--reason", "why");
    expect((await callreel(archive, "verify", "--rebuild")).code).toBe(0);
    const listed = await callreel(archive, "hold", "list", "--json");
    expect(JSON.parse(listed.out)).toMatchObject({ hold: "hold-1", name: "muller", recordings: 1, reason: "why" });
    expect((await callreel(archive, "purge", "401", "--yes")).code).toBe(3);
  });

  test.each([
    ["its holds are unreadable", (file: string) => tamper(file, "DROP TABLE holds")],
    ["it is no ledger any more", (file: string) => writeFileSync(file, "no ledger".repeat(999))],
  ])(
    "that cannot tell whether there were holds, because %s, stops every purge until somebody confirms",
    async (_, spoil) => {
      await using archive = await openKnownArchive({ "401": calls["401"] });
      await callreel(archive, "hold", "add", "401");
      spoil(`${archive.dest}/.callreel/ledger.db`);
      const rebuilt = await callreel(archive, "verify", "--rebuild");
      expect(rebuilt.err).toContain("legal holds may be lost");
      await archive.add({ "401": calls["401"] });
      const refused = await callreel(archive, "purge", "401", "--yes");
      expect([refused.code, refused.err]).toEqual([13, expect.stringContaining("callreel hold confirm")]);
      expect((await callreel(archive, "hold", "list")).code).toBe(3);
      expect((await callreel(archive, "hold", "confirm", "--reason", "none was needed")).code).toBe(0);
      expect((await callreel(archive, "purge", "401", "--yes")).code).toBe(0);
      expect(standing(archive, "401")).toEqual([false]);
    },
  );
});

function tamper(file: string, sql: string): void {
  const sqlite = openSqlite(file);
  sqlite.exec(sql);
  sqlite.close();
}

test("a hold that is placed while a purge deletes keeps every file that still stands, and the purge says so", async () => {
  await using archive = await openKnownArchive(calls);
  await using ledger = await archive.open();
  await using other = await archive.open();
  const keys = ["ringcentral/401", "ringcentral/402", "ringcentral/403"];
  expect(await ledger.purge(keys)).toBe(3);
  const invocation = {
    settings: { dest: archive.dest },
    io: { ...testIo({}), cwd: archive.home },
  } as unknown as Invocation;
  const deleted: string[] = [];
  const store = openDiskStore(archive.dest);
  const { kept, keys: gone } = await deletePurged(invocation, ledger, store, (path) => {
    deleted.push(path);
    if (deleted.length === 1) void other.addHolds([{ number: "442071838750" }]);
  });
  expect([gone, kept]).toEqual([["ringcentral/401"], 2]);
  expect(standing(archive, "401", "402", "403")).toEqual([false, true, true]);
  const next = await callreel(archive, "purge", "--yes");
  expect([next.code, next.err]).toEqual([3, expect.stringContaining("ringcentral/402 is under hold-1")]);
  expect(standing(archive, "402", "403")).toEqual([true, true]);
});

test("a file that its store has locked since stays purged but undeleted, and the next purge tries it again", async () => {
  await using archive = await openKnownArchive(calls);
  await using ledger = await archive.open();
  await ledger.purge(["ringcentral/401", "ringcentral/402"]);
  const invocation = {
    settings: { dest: archive.dest },
    io: { ...testIo({}), cwd: archive.home },
  } as unknown as Invocation;
  const disk = openDiskStore(archive.dest);
  const isLocked = (path: string) => path.includes("401") && existsSync(join(archive.dest, path));
  const remove = async (path: string) => (isLocked(path) ? "locked" : await disk.remove(path));
  const { keys, failures, locked } = await deletePurged(invocation, ledger, { ...disk, remove }, () => {});
  expect([keys, failures, locked]).toEqual([["ringcentral/402"], [], ["ringcentral/401.wav"]]);
  expect(standing(archive, "401", "402", "403")).toEqual([true, false, true]);
  expect((await ledger.purging()).map(({ key }) => key)).toEqual(["ringcentral/401"]);
  expect((await deletePurged(invocation, ledger, disk, () => {})).keys).toEqual(["ringcentral/401"]);
  expect(standing(archive, "401")).toEqual([false]);
});

test("purge --json prints events alone: what would go, what went, and what came of it", async () => {
  await using archive = await openKnownArchive(calls);
  await callreel(archive, "hold", "add", "401");
  const lines = ({ out }: { out: string }) =>
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
  const dry = await callreel(archive, "purge", "--before", "2026-04-20", "--json");
  expect(lines(dry)).toMatchObject([
    { event: "purge-file", key: "ringcentral/402", path: "ringcentral/402.wav", deleted: false },
    { event: "purge-finished", recordings: 1, kept: 1, deleted: false },
  ]);
  const done = await callreel(archive, "purge", "--before", "2026-04-20", "--json", "--yes");
  expect(lines(done)).toMatchObject([
    { event: "purge-file", path: "ringcentral/402.wav", deleted: true },
    { event: "purge-finished", recordings: 1, kept: 1, deleted: true },
  ]);
  expect([dry.code, done.code]).toEqual([3, 3]);
});
