import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Archive } from "../../src/core/model/ledger.ts";
import { openBrowse } from "../../src/ledgers/sqlite/browse.ts";
import { openDatabase } from "../../src/ledgers/sqlite/database.ts";
import { purgeAside } from "../../src/ledgers/sqlite/moved-aside.ts";
import { openSearchIndex } from "../../src/ledgers/sqlite/search-index.ts";
import { nothing, ref, refs, run, stored } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";
import { ledgerFolder } from "./opened.ts";

const { path, open } = ledgerFolder();

const transcript = { path: "secret-name.vtt", bytes: 9, sha256: "a".repeat(64) };
const said = [{ text: "please send the", at: 1.5, to: 2, speaker: "Ann" }, { text: "Rückerstattung 020 7183 8750" }];

async function held(count: number): Promise<Archive> {
  const ledger = await open();
  await ledger.begin(run("first"));
  await ledger.claim(refs(count));
  for (const each of refs(count)) await ledger.done(each, stored(`${each.id}.mp3`));
  await ledger.finish({ ...nothing, done: count }, 0);
  return ledger;
}

test("what was said is given back line by line, is replaced by what is noted later, and is of held recordings alone", async () => {
  const ledger = await held(2);
  await ledger.noteTranscripts(ref(1).key, [transcript], { lines: said, cut: true });
  expect(await ledger.spokenOf(ref(1).key)).toEqual({ lines: said, cut: true });
  expect((await ledger.entry(ref(1).key))?.transcripts).toEqual([transcript]);
  await ledger.noteTranscripts(ref(1).key, [transcript], { lines: [] });
  expect(await ledger.spokenOf(ref(1).key)).toEqual({ lines: [] });
  await ledger.noteTranscripts(ref(9).key, [transcript], { lines: said });
  expect([await ledger.spokenOf(ref(9).key), await ledger.spokenOf(ref(2).key)]).toEqual([undefined, undefined]);
});

test("after a purge no byte of what was said is left, in ledgers that were moved aside neither", async () => {
  const ledger = await held(60);
  for (const each of refs(60))
    await ledger.noteTranscripts(each.key, [transcript], { lines: [{ text: `secret ${"word ".repeat(900)}` }] });
  await ledger[Symbol.asyncDispose]();
  const aside = `${path()}.aside-20260101T000000Z`;
  copyFileSync(path(), aside);
  const again = await open();
  const keys = refs(60).map(({ key }) => key);
  await again.purge(keys, "asked");
  expect((await again.purging())[0]?.transcripts).toEqual(["secret-name.vtt"]);
  await again.purgeEnded(keys);
  expect(purgeAside(path(), keys)).toEqual([]);
  const files = readdirSync(dirname(path()), { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(1);
  for (const { name } of files) expect(readFileSync(join(dirname(path()), name), "latin1")).not.toMatch(/secret/);
  expect(await again.spokenOf(ref(1).key)).toBeUndefined();
});

test("spoken words are found by every way of looking: with the index and without, short and long, by length, and counted", async () => {
  const ledger = await held(3);
  await ledger.noteTranscripts(ref(2).key, [transcript], { lines: said });
  const browse = openBrowse(path());
  const found = (text: string, sort: "newest" | "longest" = "newest") => {
    const query = { states: ["done"] as const, text, sort, limit: 10 };
    return [...browse.page(query).entries.map(({ entry }) => entry.ref.id), browse.count(query).count];
  };
  const asked = ["the ruckerstattung", "02071838750", "rü"];
  const expected = asked.map(() => ["2", 1]);
  expect(asked.map((text) => found(text))).toEqual(expected);
  while (browse.index()) {}
  expect(asked.map((text) => found(text))).toEqual(expected);
  expect(asked.map((text) => found(text, "longest"))).toEqual(expected);
  browse.close();
});

test("the search index learns of words that came later, and of a purge", async () => {
  const clock = heldClock();
  const ledger = await open({ clock });
  await ledger.adopt(refs(3).map((each) => ({ ref: each, stored: stored(`${each.id}.mp3`) })));
  const database = openDatabase(path(), true);
  const index = openSearchIndex(database, () => clock.now());
  const later = async () => {
    await clock.advance(31_000);
    while (index.advance()) {}
  };
  while (index.advance()) {}
  await ledger.noteTranscripts(ref(2).key, [transcript], { lines: said });
  await later();
  expect(index.find("ruckerstattung", {}, 10)).toHaveLength(1);
  await ledger.purge([ref(2).key]);
  await later();
  expect(index.find("ruckerstattung", {}, 10)).toEqual([]);
  index.close();
  database.close();
});
