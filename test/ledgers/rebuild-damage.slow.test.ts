import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import { openArchive, type Salvage, salvageLedger } from "../../src/ledgers/index.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { nothing, ref, refs, run, stored } from "../contracts/ledger.ts";
import { openRandom } from "../helpers/fuzz.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open } = ledgerFolder();
const context = { clock: heldClock(), pid: 1 };
const entries = 300;
const pageSize = 4096;
const entriesPage = "a page of entries overwritten";
const tableLeaf = 0x0d;
const pageOf = (bytes: Buffer, page: number) => bytes.subarray(page * pageSize, (page + 1) * pageSize);
const tables = ["recordings", "runs", "audits", "outcomes", "kept", "chains", "purging", "hooks", "leases", "holdings"];

type Random = (n: number) => number;

/** Ways in which a file of SQLite gets damaged; each changes the bytes of a ledger without a log. */
const damages: Readonly<Record<string, (bytes: Buffer, random: Random, roots: readonly number[]) => Buffer>> = {
  "a page overwritten": (bytes, random) => overwritten(bytes, 1 + random(bytes.length / pageSize - 1), random),
  "a page zeroed": (bytes, random) => {
    const page = 1 + random(bytes.length / pageSize - 1);
    return bytes.fill(0, page * pageSize, (page + 1) * pageSize);
  },
  [entriesPage]: (bytes, random) => {
    const leaves = Array.from({ length: bytes.length / pageSize }, (_, page) => page).filter(
      (page) => page > 0 && bytes[page * pageSize] === tableLeaf && pageOf(bytes, page).includes("media.example"),
    );
    return overwritten(bytes, leaves[random(leaves.length)] ?? 1, random);
  },
  "many pages overwritten": (bytes, random) => {
    for (let at = 0; at < 5; at += 1) overwritten(bytes, 1 + random(bytes.length / pageSize - 1), random);
    return bytes;
  },
  truncated: (bytes, random) => bytes.subarray(0, 1 + random(bytes.length - 1)),
  "its header zeroed": (bytes) => bytes.fill(0, 0, 100),
  "its schema overwritten": (bytes, random) => overwritten(bytes, 0, random),
  "its list of free pages broken": (bytes, random) => {
    bytes.writeUInt32BE(random(2 ** 31), 32);
    bytes.writeUInt32BE(random(2 ** 31), 36);
    return bytes;
  },
  "a table's root page broken": (bytes, random, roots) =>
    overwritten(bytes, (roots[random(roots.length)] ?? 2) - 1, random),
  "bits flipped": (bytes, random) => {
    for (let at = 0; at < 200; at += 1) {
      const where = 100 + random(bytes.length - 100);
      bytes[where] = (bytes[where] ?? 0) ^ (1 << random(8));
    }
    return bytes;
  },
};

function overwritten(bytes: Buffer, page: number, random: Random): Buffer {
  for (let at = page * pageSize; at < (page + 1) * pageSize && at < bytes.length; at += 1) bytes[at] = random(256);
  return bytes;
}

async function fill(): Promise<readonly number[]> {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(entries));
  await Promise.all(refs(200).map((each) => ledger.done(each, stored(`${each.id}.mp3`))));
  await ledger.failed(ref(250), new RecordingError("gone", "No.", { witness: { by: "m", explicit: true } }));
  await ledger.set("window", "1");
  await ledger.purge([ref(1).key], "asked to");
  await ledger.finish(nothing, 0);
  await ledger[Symbol.asyncDispose]();
  const sqlite = openSqlite(path());
  sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const roots = sqlite.prepare("SELECT rootpage, name FROM sqlite_master WHERE type = 'table'").all();
  sqlite.close();
  return (roots as { rootpage: number; name: string }[])
    .filter(({ name }) => tables.includes(name))
    .map(({ rootpage }) => rootpage);
}

function salvaged(): Salvage | RecordingError {
  try {
    return salvageLedger(path(), context);
  } catch (error) {
    if (error instanceof RecordingError && error.code === "ledger") return error;
    throw error;
  }
}

/** What `verify` and a run ask of a ledger. */
async function use(ledger: Archive): Promise<number> {
  await ledger.checkFile();
  await ledger.verifyRunChain();
  await ledger.verifyAuditChain();
  for await (const _ of ledger.brokenOutcomes());
  await ledger.lastRuns(9);
  await ledger.lastAudits(9);
  await ledger.failures();
  await ledger.purging();
  let count = 0;
  for await (const page of ledger.entries({})) count += page.length;
  await ledger.begin(run("second"));
  await ledger.claim(refs(entries));
  await ledger.finish(nothing, 0);
  await ledger.audit({ action: "verify" });
  return count;
}

const rounds = Number(process.env.CALLREEL_DAMAGE_ROUNDS ?? 12);

test.each(Object.keys(damages))(
  "of a ledger with %s what can be read is kept, the rest is told, and it works again",
  async (kind) => {
    const random = openRandom();
    const roots = await fill();
    const sound = readFileSync(path());
    for (let round = 0; round < rounds; round += 1) {
      writeFileSync(path(), damages[kind]!(Buffer.from(sound), random, roots));
      const result = salvaged();
      if (result instanceof RecordingError) {
        expect(result.message).toMatch(/another program|newer callreel/);
      } else {
        const ledger = await openArchive(path(), context);
        const kept = await use(ledger);
        // A lost tombstone may come back from its outcome.
        expect(kept - result.entries).toBeGreaterThanOrEqual(0);
        expect(kept - result.entries).toBeLessThanOrEqual(1);
        if (result.entries < entries) expect([kind, round, result.unread.size]).not.toEqual([kind, round, 0]);
        if (kind === entriesPage) expect(result.entries).toBeGreaterThan(entries - 60);
        await ledger[Symbol.asyncDispose]();
      }
      for (const suffix of ["", "-wal", "-shm", ".new", ".new-wal", ".new-shm", ".rebuilt"])
        rmSync(path() + suffix, { force: true });
    }
  },
);

test("of a ledger whose log was lost, or is damaged, what the file holds is kept", async () => {
  await fill();
  const random = openRandom();
  copyFileSync(path(), path("sound"));
  for (const how of ["lost", "cut", "overwritten"]) {
    copyFileSync(path("sound"), path());
    const ledger = await openArchive(path(), context);
    await ledger.begin(run(how));
    await ledger.claim(refs(entries + 50));
    for (const suffix of ["", "-wal"]) copyFileSync(path() + suffix, path("copy") + suffix);
    await ledger[Symbol.asyncDispose]();
    for (const suffix of ["", "-wal"]) copyFileSync(path("copy") + suffix, path() + suffix);
    rmSync(`${path()}-shm`, { force: true });
    const log = readFileSync(`${path()}-wal`);
    if (how === "lost") rmSync(`${path()}-wal`);
    else writeFileSync(`${path()}-wal`, how === "cut" ? log.subarray(0, log.length / 2) : overwritten(log, 2, random));
    const result = salvaged() as Salvage;
    expect(result.entries).toBeGreaterThanOrEqual(entries);
    const after = await openArchive(path(), context);
    expect(await use(after)).toBeGreaterThanOrEqual(entries);
    await after[Symbol.asyncDispose]();
    expect(existsSync(`${path()}.new`)).toBe(false);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path() + suffix, { force: true });
  }
});
