import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openArchive } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openLibrary } from "../../src/player/library/library.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

it("leaves nothing of its waiting behind: what others do in their next turn comes in their next turn", async () => {
  using folder = openTempFolder();
  mkdirSync(join(folder.path, ".callreel"));
  const file = join(folder.path, ".callreel", "ledger.db");
  await using ledger = await openArchive(file, { clock: systemClock, pid: process.pid });
  expect(await ledger.entry?.("tim/none")).toBe(undefined);
  const library = openLibrary(file);
  expect((await library.page({ states: ["done"], limit: 10 })).entries).toEqual([]);
  // Its index is whole by now, and it waits for the time to look again.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await library[Symbol.asyncDispose]();
  let came = false;
  setImmediate(() => {
    came = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([came, process.getActiveResourcesInfo().includes("Immediate")]).toEqual([true, false]);
});
