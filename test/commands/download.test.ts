import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { main } from "../../src/cli/program.ts";
import { testIo } from "../helpers/test-io.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "callreel-download-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it.each([
  [["-s", "ringcentral", "--from", "2d"], /RC_USER_JWT/],
  [["-s", "tim", "--rows", "rows.csv"], /TIM_URL/],
  [["--rows", "rows.csv"], /RC_USER_JWT.*TIM_URL/],
  [["10000000001"], /callreel setup/],
  [["-n", "-s", "ringcentral"], /RC_USER_JWT/],
  [[], /callreel setup/],
])("looks for a login before it makes an archive, and ends with 2: %j", async (args, says) => {
  const dest = join(home, "calls");
  const rows = join(home, "rows.csv");
  writeFileSync(rows, "datasource,voicelocation,voicefilename\n1,2,3\n");
  const io = testIo({ HOME: home, XDG_CONFIG_HOME: join(home, "c"), XDG_STATE_HOME: join(home, "s") });
  const given = args.map((each) => (each === "rows.csv" ? rows : each));
  const code = await main(["download", "-d", dest, ...given], io);
  expect([code, existsSync(dest), io.err()]).toEqual([2, false, expect.stringMatching(says)]);
});
