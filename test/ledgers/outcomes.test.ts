import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import { openMerkle } from "../../src/ledgers/merkle.ts";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { nothing, refs, run, stored } from "../contracts/ledger.ts";
import { ledgerFolder } from "./opened.ts";

const { open, tamper, path } = ledgerFolder();
const [first, second, third, fourth] = refs(4) as [Ref, Ref, Ref, Ref];
type Ref = ReturnType<typeof refs>[number];

/** Two done, one gone, one purged afterwards, in two runs. */
async function archive(): Promise<{ ledger: Archive; heads: string[] }> {
  const ledger = await open();
  const heads: string[] = [];
  for (const group of [
    [first, second],
    [third, fourth],
  ] as const) {
    await ledger.begin(run(group[0].key));
    await ledger.claim(group);
    for (const ref of group) {
      if (ref === third) await ledger.failed(ref, new RecordingError("gone", "It is gone."));
      else await ledger.done(ref, stored(ref.id));
    }
    await ledger.finish(nothing, 0);
    heads.push(await ledger.head());
  }
  await ledger.purge([fourth.key], "retention");
  heads.push(await ledger.head());
  return { ledger, heads };
}

async function broken(ledger: Archive): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, reason } of ledger.brokenOutcomes()) found.push(`${name}: ${reason}`);
  return found;
}

test("what nobody touched is as the records closed it, and each head noted on the way is found", async () => {
  const { ledger, heads } = await archive();
  expect(await broken(ledger)).toEqual([]);
  expect(new Set(heads).size).toBe(3);
  expect(await Promise.all(heads.map((head) => ledger.findHead(head)))).toMatchObject([
    { later: 3 },
    { later: 1 },
    { later: 0 },
  ]);
  expect(await ledger.findHead("0".repeat(64))).toBeUndefined();
});

test("a run's record holds the Merkle root of RFC 6962 over the outcomes, as anybody can compute it", async () => {
  await archive();
  const database = openSqlite(path());
  const rows = database.prepare("SELECT *, lower(hex(sha256)) AS hex FROM outcomes WHERE seq <= 2").all() as Row[];
  const closed = database.prepare("SELECT outcomes, outcomes_root FROM runs WHERE seq = 1").get();
  database.close();
  const [left = "", right = ""] = rows.map(({ seq, at, key, bytes, hex }) =>
    sha("00", Buffer.from(JSON.stringify([seq, at, key, "done", null, bytes, hex])).toString("hex")),
  );
  expect(closed).toEqual({ outcomes: 2, outcomes_root: sha("01", left, right) });
});

type Row = { seq: number; at: number; key: string; bytes: number; hex: string };

function sha(...hex: string[]): string {
  return createHash("sha256")
    .update(Buffer.from(hex.join(""), "hex"))
    .digest("hex");
}

describe("it shows", () => {
  test.each<[string, string, RegExp]>([
    [
      "another hash of a recording",
      "UPDATE recordings SET sha256 = lower(hex(zeroblob(32))) WHERE seq = 1",
      /the ledger calls it done/,
    ],
    ["another size", "UPDATE recordings SET bytes = 1 WHERE seq = 2", /the ledger calls it done \(1 bytes/],
    ["a recording that was taken out", "DELETE FROM recordings WHERE seq = 1", /its entry was removed/],
    [
      "a recording that was put in",
      "INSERT INTO recordings (key, source, id, state, first_seen, changed) VALUES ('x', 'tim', 'x', 'done', 1, 1)",
      /no run ever recorded/,
    ],
    [
      "a recording said to be gone",
      "UPDATE recordings SET state = 'gone' WHERE seq = 1",
      /calls it gone \(not proven\)/,
    ],
    ["a recording wanted again", "UPDATE recordings SET state = 'pending' WHERE seq = 1", /calls it pending/],
    ["a recording said to be purged", "UPDATE recordings SET state = 'purged' WHERE seq = 1", /calls it purged/],
    [
      "a tombstone that was taken out",
      "DELETE FROM recordings WHERE state = 'purged'",
      /last outcome recorded is purged/,
    ],
    [
      "a tombstone that lives again",
      "UPDATE recordings SET state = 'done', bytes = 5 WHERE state = 'purged'",
      /last outcome recorded is purged/,
    ],
    [
      "a proof that was never had",
      `UPDATE recordings SET evidence = '{"proven":true}' WHERE state = 'gone'`,
      /gone \(proven\)/,
    ],
    [
      "an outcome that was changed with its entry",
      "UPDATE outcomes SET state = 'gone', proven = 0 WHERE seq = 1; UPDATE recordings SET state = 'gone' WHERE seq = 1",
      /outcomes 1 to 2 are not/,
    ],
    [
      "an outcome that was taken out with its entry",
      "DELETE FROM outcomes WHERE seq = 1; DELETE FROM recordings WHERE seq = 1",
      /outcomes 1 to 2 are not/,
    ],
    [
      "an outcome that was put in",
      "UPDATE outcomes SET seq = 7 WHERE seq = 4; INSERT INTO outcomes SELECT 4, at, key, state, proven, bytes, sha256 FROM outcomes WHERE seq = 1",
      /outcomes 3 to 4 are not/,
    ],
  ])("%s", async (_, sql, told) => {
    const { ledger } = await archive();
    tamper(sql);
    expect((await broken(ledger)).join("\n")).toMatch(told);
  });

  test("an audit line that was taken out, by the run that names it", async () => {
    const { ledger } = await archive();
    await ledger.begin(run("third"));
    await ledger.finish(nothing, 0);
    tamper("DELETE FROM audits; DELETE FROM chains WHERE name = 'audits'");
    expect((await ledger.verifyRunChain()).broken?.reason).toMatch(/record 1 of the audits/);
  });

  test("by a head noted earlier, that all records were written anew", async () => {
    const { ledger, heads } = await archive();
    tamper("DELETE FROM runs; DELETE FROM audits; DELETE FROM chains");
    await ledger.begin(run("anew"));
    await ledger.finish(nothing, 0);
    expect([await broken(ledger), (await ledger.verifyRunChain()).broken]).toEqual([[], undefined]);
    expect(await Promise.all(heads.map((head) => ledger.findHead(head)))).toEqual([undefined, undefined, undefined]);
  });
});

test("what another process closed meanwhile is not closed twice, and what was rolled back not at all", async () => {
  const ledger = await open();
  const other = await open();
  await ledger.begin(run("one"));
  await ledger.claim([first, second]);
  await ledger.done(first, stored(first.id));
  await other.audit({ action: "playback" });
  tamper("CREATE TRIGGER full BEFORE INSERT ON audits BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  await ledger.done(second, stored(second.id));
  await expect(ledger.purge([second.key], "x")).rejects.toThrow();
  tamper("DROP TRIGGER full");
  await ledger.finish(nothing, 0);
  expect(await broken(ledger)).toEqual([]);
  expect((await ledger.verifyRunChain()).broken).toBeUndefined();
});

test("a tree of any size has the root that RFC 6962 defines", () => {
  const root = (leaves: string[]): string => {
    if (leaves.length === 1) return sha("00", Buffer.from(leaves[0] ?? "").toString("hex"));
    const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
    return sha("01", root(leaves.slice(0, half)), root(leaves.slice(half)));
  };
  for (let size = 1; size < 40; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => `leaf ${at}`);
    const tree = openMerkle();
    for (const leaf of leaves) tree.add(leaf);
    expect(tree.root()).toBe(root(leaves));
  }
  expect(openMerkle().root()).toBe(createHash("sha256").digest("hex"));
});
