import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { openMessageLog } from "../../src/reporters/message-log.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

test("what a command tells people stands in the log file too, and how it ended", async () => {
  using folder = openTempFolder();
  const file = join(folder.path, "log");
  const shown: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      shown.push(String(chunk));
      done();
    },
  });
  const log = openMessageLog("purge", stream, { file, format: "json", clock: { now: () => 0 } });
  log.stderr.write("\r\x1b[K1 file re-read");
  log.stderr.write("2 recordings deleted.\ncallreel: warning: one is kept.\n");
  log.ended(3);
  expect(shown).toHaveLength(2);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line)).map(({ level, message }) => [level, message])).toEqual([
    ["info", "2 recordings deleted."],
    ["warn", "one is kept."],
    ["info", "purge ended with exit code 3"],
  ]);
});
