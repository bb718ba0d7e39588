import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import { type Beside, besideInFolder, type Held, isHeld, keepBeside } from "../../src/maintenance/transcripts.ts";
import { openKnownArchive } from "../helpers/known-archive.ts";

const key = "ringcentral/41";
const said = Buffer.from('{"insights":{"Transcript":[{"text":"cancel my contract","start":0,"end":1}]}}');

async function openScene() {
  const archive = await openKnownArchive({ "41": { start: "2026-03-01T09:00:00.000Z" } });
  const ledger = await archive.open();
  const entry = await ledger.entry(key);
  if (!isHeld(entry)) throw new Error("not held");
  const text = { path: `${entry.stored.path}.insights.json`, bytes: said };
  return {
    ledger,
    entry,
    text,
    beside: besideInFolder(archive.dest),
    stands: () => readdirSync(join(archive.dest, "ringcentral")).filter((name) => name.endsWith(".json")),
    audio: archive.fileOf("41"),
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]();
      await archive[Symbol.asyncDispose]();
    },
  };
}

const nothingSaid = async (ledger: Archive) => [
  await ledger.spokenOf(key),
  (await ledger.purging()).flatMap(({ transcripts = [] }) => transcripts),
];

/** The moments at which another program purges the recording while its text is brought. */
const moments: Readonly<Record<string, (beside: Beside, purge: () => Promise<unknown>) => Beside>> = {
  "before it stands there": (beside, purge) => ({
    ...beside,
    put: async (...asked) => {
      await purge();
      return beside.put(...asked);
    },
  }),
  "once it stands there": (beside, purge) => ({
    ...beside,
    put: async (...asked) => {
      const put = await beside.put(...asked);
      await purge();
      return put;
    },
  }),
  "while it is read": (beside, purge) => ({
    ...beside,
    find: async (...asked) => {
      const found = await beside.find(...asked);
      await purge();
      return found;
    },
  }),
  "and what is being read is gone": (beside, purge) => ({
    ...beside,
    find: async () => {
      await purge();
      throw new RecordingError("bad-answer", "The text is gone.");
    },
  }),
};

test.each(Object.keys(moments))("a text whose recording is purged %s is taken back", async (moment) => {
  await using scene = await openScene();
  const { ledger, entry, text, stands, beside } = scene;
  const purging = moments[moment]!(beside, () => ledger.purge([key], "asked"));
  expect([await keepBeside(purging, entry, text, ledger), stands()]).toEqual([false, []]);
  expect(await nothingSaid(ledger)).toEqual([undefined, []]);
});

test("nothing is brought to audio that a purge has deleted already", async () => {
  await using scene = await openScene();
  const { ledger, entry, text, stands, beside, audio } = scene;
  await ledger.purge([key], "asked");
  rmSync(audio);
  expect([await keepBeside(beside, entry, text, ledger), stands(), existsSync(audio)]).toEqual([false, [], false]);
});

test("a text that stays is noted; one that cannot be read again is a failure, and stays", async () => {
  await using scene = await openScene();
  const { ledger, entry, text, stands, beside } = scene;
  const failing = { ...beside, find: () => Promise.reject(new RecordingError("disk-io", "No.")) };
  await expect(keepBeside(failing, entry as Held, text, ledger)).rejects.toMatchObject({ code: "disk-io" });
  expect(stands()).toEqual(["41.wav.insights.json"]);
  expect(await keepBeside(beside, entry, text, ledger)).toBe(false);
  expect((await ledger.spokenOf(key))?.lines[0]?.text).toBe("cancel my contract");
});
