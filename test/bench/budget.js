// How much of RingCentral's budget a run spends, and whether it ever earned a penalty: node test/bench/budget.js [processes]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRingCentralSandbox } from "../../dist/sandbox/ringcentral/index.js";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
const processes = Number(process.argv[2] ?? 1);
const limit = 10;
const windowSeconds = 2;

const home = mkdtempSync(join(tmpdir(), "callreel-budget-"));
const sandbox = await openRingCentralSandbox({
  data: { recordings: 400, layout: "plain", days: 3, seconds: [2, 6] },
  settings: { limits: { heavy: { limit, windowSeconds, penaltySeconds: 60 } } },
});
const env = { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: join(home, "state"), ...sandbox.env };
const started = performance.now();
const codes = await Promise.all(Array.from({ length: processes }, (_, at) => run(at)));
const seconds = (performance.now() - started) / 1000;
const stats = sandbox.stats();
report();
await sandbox.close();
rmSync(home, { recursive: true, force: true });

function run(at) {
  const args = [bin, "download", "-s", "ringcentral", "--from", "4d", "-d", join(home, `archive-${at}`), "-q"];
  const child = spawn(process.execPath, args, { env, stdio: "inherit" });
  return new Promise((resolve) => child.on("close", resolve));
}

/** The share of the budget spent, from the end of the first window to the last request. */
function report() {
  const times = stats.groupTimes.heavy;
  const from = times[0] + windowSeconds * 1000;
  const later = times.filter((time) => time >= from);
  const allowed = ((later.at(-1) - from) / (windowSeconds * 1000)) * limit;
  const share = ((later.length / allowed) * 100).toFixed(1);
  console.log(
    `${processes} process(es), ${limit} requests in ${windowSeconds} s, exit codes ${codes.join(" ")}, ${seconds.toFixed(1)} s`,
  );
  console.log(`${times.length} heavy requests, ${share} % of the budget after the first window`);
  console.log(
    `${stats.penalties} answers 429, ${stats.violations} requests inside a penalty, ${stats.tokenRequests} token requests (${stats.tokenRequestsAtOnce.most} at once)`,
  );
}
