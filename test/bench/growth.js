// What commands cost over an archive that has grown: node test/bench/growth.js [recordings]; on tmpfs, with sparse files.
// Prints wall and CPU seconds and the greatest memory of each.
import { once } from "node:events";
import {
  closeSync,
  createWriteStream,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openArchive } from "../../dist/ledgers/index.js";
import { systemClock } from "../../dist/platform/clock.js";
import { openSqlite } from "../../dist/platform/sqlite.js";
import { measure } from "./measure.js";

const recordings = Number(process.argv[2] ?? 1_000_000);
const bytes = 4096;
const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
const base = mkdtempSync(join(process.env.CALLREEL_BENCH_DIR ?? "/dev/shm", "callreel-growth-"));
const root = join(base, "archive");
const env = { HOME: base, XDG_CONFIG_HOME: base, RC_ACCESS_TOKEN: "bench" };
try {
  const rows = join(base, "rows.csv");
  await writeRows(rows);
  await makeLedger();
  makeFiles();
  console.log(
    `${recordings} recordings; ledger ${Math.round(statSync(join(root, ".callreel", "ledger.db")).size / recordings)} bytes each`,
  );
  const source = ["-s", "ringcentral", "--rows", rows];
  const download = ["download", ...source, "-d", root, "-q"];
  await show("download, all held already", download);
  await show("download -n, all wanted", ["download", "-n", ...source, "-d", join(base, "empty"), "-q"]);
  await show("status", ["status", "-d", root]);
  await show("reconcile", ["reconcile", ...source, "-d", root]);
  await show("list", ["list", "--archive", "-d", root, "--json"]);
} finally {
  rmSync(base, { recursive: true, force: true });
}

async function writeRows(file) {
  const out = createWriteStream(file);
  out.write("id,contentUri,startTime,duration,direction,from,to\n");
  for (let at = 1; at <= recordings; at += 1) {
    const line = `${400_000_000_000 + at},https://media.ringcentral.com/restapi/v1.0/account/1/recording/${400_000_000_000 + at}/content,${startOf(at)},60,Inbound,+442071838${at % 1000},+12055550${at % 777}\n`;
    if (!out.write(line)) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
}

function startOf(at) {
  return new Date(1_790_000_000_000 + at * 1000).toISOString();
}

async function makeLedger() {
  mkdirSync(join(root, ".callreel"), { recursive: true });
  const file = join(root, ".callreel", "ledger.db");
  const ledger = await openArchive(file, { clock: systemClock, pid: process.pid });
  await ledger[Symbol.asyncDispose]();
  const sqlite = openSqlite(file);
  sqlite.exec(`
    INSERT INTO recordings (key, source, id, state, path, bytes, sha256, content_type, start, direction, from_number,
      to_number, first_seen, changed)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${recordings})
    SELECT 'ringcentral/' || (400000000000 + i), 'ringcentral', 400000000000 + i, 'done', (i / 1000) || '/' || i || '.mp3', ${bytes},
      printf('%064x', i), 'audio/mpeg', strftime('%Y-%m-%dT%H:%M:%SZ', 1790000000 + i, 'unixepoch'),
      'inbound', '+442071838' || (i % 1000), '+12055550' || (i % 777), 1, 1 FROM n`);
  sqlite.close();
}

function makeFiles() {
  for (let at = 1; at <= recordings; at += 1) {
    const folder = join(root, String(Math.trunc(at / 1000)));
    if (at === 1 || at % 1000 === 0) mkdirSync(folder);
    const fd = openSync(join(folder, `${at}.mp3`), "wx");
    ftruncateSync(fd, bytes);
    closeSync(fd);
  }
}

async function show(what, args) {
  const { wall, cpu, rss } = await measure([process.execPath, bin, ...args], { env });
  console.log(`${what}: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} s CPU, ${Math.round(rss)} MB`);
}
