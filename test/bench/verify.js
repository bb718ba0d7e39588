// How quickly `verify` reads an archive: node test/bench/verify.js [workloads] [rounds] [another checkout]; on tmpfs.
// In turns with `ls | xargs -P2 sha256sum` over the same files.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "./measure.js";
import { startNginx } from "./nginx.js";
import { countFiles, programs } from "./programs.js";
import { against, spread, table } from "./statistics.js";
import { makeFiles, workloads, writeLists } from "./workloads.js";

const [names = "S,M,L", rounds = "5", other] = process.argv.slice(2);
const own = fileURLToPath(new URL("../..", import.meta.url));
for (const name of names.split(",")) await compare(name, Number(rounds));

async function compare(name, rounds) {
  const base = mkdtempSync("/dev/shm/callreel-verify-");
  try {
    const root = await makeArchive(base, workloads[name]);
    const [file] = readdirSync(root, { recursive: true }).filter((path) => path.endsWith(".wav"));
    const folder = join(root, dirname(file));
    const takers = {
      sha256sum: ["sh", "-c", `cd ${folder} && ls | xargs -P2 sha256sum`],
      callreel: verifyBy(own, root),
      ...(other && { "callreel, the other build": verifyBy(other, root) }),
    };
    const env = { HOME: base, XDG_CONFIG_HOME: base, XDG_STATE_HOME: base };
    const runs = Object.fromEntries(Object.keys(takers).map((taker) => [taker, []]));
    // One round more than counts: the first warms caches.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [taker, command] of Object.entries(takers)) {
        const result = await measure(command, { env });
        if (round > 0) runs[taker].push(result);
      }
    }
    console.log(table(name, { spread: spread(runs), ratios: against(runs, "callreel") }));
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/** As `download` brings it, so that names, hashes and ledger are as people have them. */
async function makeArchive(base, work) {
  const files = makeFiles(base, work);
  const server = await startNginx(base, files);
  const root = join(base, "archive");
  try {
    writeLists(base, work.count, server.port, "http");
    mkdirSync(root);
    await programs.callreel.run({ work: base, files, base: `http://127.0.0.1:${server.port}`, out: root });
  } finally {
    await server.stop();
    rmSync(files, { recursive: true });
  }
  if (countFiles(root) !== work.count) throw new Error(`${countFiles(root)} of ${work.count} files came`);
  return root;
}

function verifyBy(checkout, root) {
  return [process.execPath, join(checkout, "bin/callreel.js"), "verify", "-d", root, "-q"];
}
