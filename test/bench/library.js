// How long a player's requests take over a large archive, and how long one request delays another.
// node test/bench/library.js [entries]; prints milliseconds: median, 99th percentile, longest.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArchive } from "../../dist/ledgers/index.js";
import { systemClock } from "../../dist/platform/clock.js";
import { openSqlite } from "../../dist/platform/sqlite.js";
import { openPlayer, show } from "./player.js";

const entries = Number(process.argv[2] ?? 1_000_000);
const root = mkdtempSync(join(tmpdir(), "callreel-library-"));
mkdirSync(join(root, ".callreel"));
const file = join(root, ".callreel", "ledger.db");
const ledger = await openArchive(file, {
  clock: systemClock,
  pid: process.pid,
});
await ledger[Symbol.asyncDispose]();
fill();

const { get, close } = await openPlayer(["-d", root]);

console.log(`${entries} entries`);
await measure("before the index stands");
while ((await get("/api/recordings?text=ndexed-7")).body.recordings.length === 0)
  await new Promise((next) => setTimeout(next, 500));
await new Promise((next) => setTimeout(next, Number(process.argv[3] ?? 60_000)));
await measure("with the index");
close();
rmSync(root, { recursive: true, force: true });

async function measure(title) {
  console.log(title);
  const texts = ["", "+4420718", "0718387150", "caller 99", "zzzzzz", "ca"];
  for (const text of texts) {
    const times = [];
    let found = 0;
    for (let at = 0; at < 20; at += 1) {
      const { ms, body } = await get(`/api/recordings?text=${encodeURIComponent(text)}`);
      times.push(ms);
      found = body.recordings.length;
    }
    show(`  search "${text}" (${found} on the page)`, times);
  }
  // Searches that find nothing go on while others ask for small things.
  let over = false;
  const searching = Promise.all(
    [0, 1, 2, 3].map(async () => {
      while (!over) await get("/api/recordings?text=zzzzzz");
    }),
  );
  const times = [];
  for (let at = 0; at < 300; at += 1) times.push((await get("/api/me")).ms);
  over = true;
  await searching;
  show("  another request beside four searches", times);
}

function fill() {
  const sqlite = openSqlite(file);
  sqlite.exec(`
    INSERT INTO recordings (key, source, id, state, path, bytes, sha256, content_type, start, direction, from_number,
      to_number, extension, name, first_seen, changed)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${entries})
    SELECT 'ringcentral/' || (400000000000 + i), 'ringcentral', 400000000000 + i, 'done', 'x/' || i || '.mp3', 100000,
      printf('%064x', i), 'audio/mpeg', strftime('%Y-%m-%dT%H:%M:%SZ', 1600000000 + i * 100, 'unixepoch'),
      CASE i % 2 WHEN 0 THEN 'inbound' ELSE 'outbound' END, '+442071838' || (i % 1000), '+12055550' || (i % 777),
      100 + i % 400, CASE i WHEN 7 THEN 'indexed-7' ELSE 'Caller ' || i END, 1, 1 FROM n`);
  sqlite.close();
}
