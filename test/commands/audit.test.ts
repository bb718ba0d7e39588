import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import { lockArchive, openArchive } from "../../src/ledgers/index.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { nothing, ref, stored } from "../contracts/ledger.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder, type TempFolder } from "../helpers/temp-folder.ts";

let kept: TempFolder;
beforeEach(() => {
  kept = openTempFolder();
});
afterEach(() => kept[Symbol.dispose]());
const folder = () => kept.path;
const file = () => join(folder(), ".callreel", "ledger.db");
const audit = (...args: string[]) => runHere(["audit", "-d", folder(), ...args]);
const linesOf = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** An archive with a run, a listening, a download, a check, an export and a purge, a day apart. */
async function fill(): Promise<{ ledger: Archive; clock: ReturnType<typeof heldClock> }> {
  const clock = heldClock();
  const operator = { name: "ada", host: "pc7" };
  const ledger = await openArchive(file(), { clock, pid: 1, operator });
  await ledger.begin({ runId: "one", startedMs: clock.now(), selection: { from: "7d" } });
  await ledger.claim([ref(1)]);
  await ledger.done(ref(1), stored("1.mp3"));
  await ledger.finish({ ...nothing, done: 1 }, 0);
  const lines = [
    { action: "playback", key: ref(1).key, detail: "listened by anna", by: "anna" },
    { action: "playback", key: ref(1).key, detail: "downloaded by =1+1", by: "=1+1" },
    {
      action: "verify",
      detail: JSON.stringify({ by: "ada@pc7", selection: {}, result: { files: 1, differences: 0 } }),
    },
    { action: "export", detail: "1 recording", reason: "for the court" },
  ] as const;
  for (const line of lines) {
    await clock.advance(86_400_000);
    await ledger.audit(line);
  }
  await clock.advance(86_400_000);
  await ledger.purge([ref(1).key], "asked by letter");
  return { ledger, clock };
}

test("tells every record oldest first, with who, where and why, while a run is at work, and changes nothing", async () => {
  const { ledger, clock } = await fill();
  const lock = await lockArchive(folder(), { waitMs: 0, clock, pid: 1, signal: AbortSignal.timeout(60_000) });
  await ledger.begin({ runId: "two", startedMs: clock.now(), selection: {} });
  const before = readFileSync(file());
  const { code, out, err } = await audit("--json");
  expect([code, err]).toEqual([0, ""]);
  const lines = linesOf(out);
  expect(lines).toMatchObject([
    { time: "2026-11-21T00:00:00.000Z", action: "run", operator: "ada", host: "pc7", selection: { from: "7d" } },
    { action: "playback", operator: "anna", key: "ringcentral/1" },
    { action: "download", operator: "=1+1" },
    { action: "verify", operator: "ada", result: { files: 1, differences: 0 } },
    { action: "export", reason: "for the court" },
    { time: "2026-11-26T00:00:00.000Z", action: "purge", operator: "ada", host: "pc7", reason: "asked by letter" },
  ]);
  expect(readFileSync(file()).equals(before)).toBe(true);
  const text = await audit();
  expect(text.out).toContain("ada@pc7  ringcentral/1 (reason: asked by letter)\n");
  expect([text.out.trim().split("\n").length, text.err]).toEqual([6, "6 records\n"]);
  await ledger.finish(nothing, 0);
  lock.release();
  await ledger[Symbol.asyncDispose]();
});

test("leaves out by time and by name, and refuses a name that nothing has", async () => {
  const { ledger } = await fill();
  await ledger[Symbol.asyncDispose]();
  const named = await audit("--json", "--action", "purge", "--action", "run");
  expect(linesOf(named.out).map(({ action }) => action)).toEqual(["run", "purge"]);
  const window = ["--from", "2026-11-22", "--to", "2026-11-23", "--timezone", "UTC"];
  expect(linesOf((await audit("--json", ...window)).out)).toMatchObject([{ action: "playback", operator: "anna" }]);
  const unknown = await audit("--action", "sing");
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("playback")]);
});

test("its CSV has no formula", async () => {
  const { ledger } = await fill();
  await ledger[Symbol.asyncDispose]();
  const { code, out } = await audit("--csv", "--action", "download");
  const [header, line] = out.split("\r\n");
  expect([code, header]).toEqual([0, "time,action,operator,host,key,reason,detail,selection,table,seq,hash"]);
  expect(line).toContain(",download,'=1+1,pc7,ringcentral/1,");
});

test("records that were changed are told, with 6, and shown all the same", async () => {
  const { ledger } = await fill();
  await ledger[Symbol.asyncDispose]();
  const database = openSqlite(file());
  database.exec("UPDATE audits SET reason = 'nothing' WHERE action = 'purge'; DELETE FROM runs");
  database.close();
  const { code, out, err } = await audit("--json", "-q");
  expect([code, linesOf(out).length]).toEqual([6, 5]);
  expect(err).toMatch(/audits, record 1: record 1 of the runs/);
  expect(err).toMatch(/runs, record 1: 1 record at the end is missing/);
});

test("an adoption is told with who did it and how much came of it", async () => {
  writeFileSync(join(folder(), "4001.wav"), smallWav("4001"));
  const adopted = await runHere(["adopt", folder(), "-d", folder(), "-s", "ringcentral", "--match", "{id}.{ext}"]);
  expect(adopted.code).toBe(0);
  const detail = `1 recording from ${folder()}`;
  expect(linesOf((await audit("--json", "--action", "adopt")).out)).toMatchObject([
    { action: "adopt", operator: userInfo().username, host: hostname(), detail },
  ]);
});

test("tells what a ledger of version 1 has, though it names nobody", async () => {
  mkdirSync(join(folder(), ".callreel"));
  const database = openSqlite(file());
  database.exec(readFileSync(new URL("../fixtures/ledgers/version-1.sql", import.meta.url), "utf8"));
  database.close();
  const { code, out } = await audit();
  expect([code, out]).toEqual([0, expect.stringMatching(/^.{19} \+00:00 {2}run {8}unknown {2}exit/)]);
});
