// What a ledger in PostgreSQL takes: claims of four workers, pulls among a million wanted, `status` and the player over five million.
// CALLREEL_LEDGER=postgres://user:password@host/database node test/bench/machines.js [million rows]
// The database must hold no ledger; the one made here is dropped at the end.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { openArchive } from "../../dist/ledgers/index.js";
import { systemClock } from "../../dist/platform/clock.js";
import { machine, measure } from "./measure.js";
import { openPlayer, show } from "./player.js";

const url = process.env.CALLREEL_LEDGER;
const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
const [asked = "5"] = process.argv.slice(2);
const workers = 4;
const batches = 200;
const batch = 256;

if (process.send === undefined) await lead();
else await claim(asked);

async function lead() {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const { rows } = await database.query("SELECT to_regnamespace('callreel') IS NOT NULL AS taken");
  if (rows[0].taken) throw new Error("This database holds a ledger already: give one that holds none.");
  const home = mkdtempSync(join(tmpdir(), "callreel-machines-"));
  try {
    console.log(`load ${machine().loadAtStart} before`);
    await (await ledgerOf("begin"))[Symbol.asyncDispose]();
    await showClaims("claims, each worker its own", (at) => `own-${at}-`);
    await showClaims("claims, all want the same", () => "same-");
    await database.query("TRUNCATE callreel.recordings, callreel.words, callreel.holdings");
    await fill(database, 1, "pending");
    await showPulls();
    await fill(database, Number(asked) - 1, "done");
    await showStatus(home);
    await showPages(home);
    console.log(`load ${machine().loadAtStart} after`);
  } finally {
    await database.query("DROP SCHEMA callreel CASCADE");
    await database.end();
    rmSync(home, { recursive: true, force: true });
  }
}

async function ledgerOf(runId) {
  const ledger = await openArchive(url, { clock: systemClock, pid: process.pid });
  await ledger.begin({ runId, startedMs: Date.now(), selection: {} });
  return ledger;
}

/** All at once, from the moment the last of them is ready. */
async function showClaims(title, prefixOf) {
  const children = Array.from({ length: workers }, (_, at) => fork(fileURLToPath(import.meta.url), [prefixOf(at)]));
  await Promise.all(children.map((child) => once(child, "message")));
  const begun = performance.now();
  const granted = await Promise.all(
    children.map(async (child) => {
      child.send("go");
      const [{ count }] = await once(child, "message");
      return count;
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  const sum = granted.reduce((one, other) => one + other);
  const wanted = workers * batches * batch;
  console.log(`${title}: ${wanted} asked for, ${sum} granted, ${Math.round(wanted / seconds)} a second`);
}

/** One of the workers. */
async function claim(prefix) {
  const ledger = await ledgerOf(`run-${process.pid}`);
  process.send("ready");
  await once(process, "message");
  let count = 0;
  for (let at = 0; at < batches; at += 1) {
    const refs = Array.from({ length: batch }, (_, index) => refOf(`${prefix}${at * batch + index}`));
    count += (await ledger.claim(refs)).filter(({ granted }) => granted).length;
  }
  process.send({ count });
  await ledger[Symbol.asyncDispose]();
  process.disconnect();
}

function refOf(id) {
  const call = {
    start: "2026-01-02T03:04:05Z",
    duration: 60,
    direction: "inbound",
    from: "+442071838750",
    name: "Ann",
  };
  return {
    key: `ringcentral/${id}`,
    source: "ringcentral",
    id,
    locator: {},
    call,
  };
}

/** A million calls at a time; the index over texts is made anew afterwards, which is quicker than to keep it up. */
async function fill(database, millions, state) {
  await database.query("SET search_path = callreel, public; DROP INDEX words_by_piece");
  for (let at = 0; at < millions; at += 1) {
    await database.query(
      `INSERT INTO recordings (key, source, id, state, path, bytes, sha256, content_type, start, duration, direction,
         from_number, to_number, extension, name, first_seen, changed)
       SELECT 'ringcentral/${state}-' || i, 'ringcentral', '${state}-' || i, '${state}',
         CASE '${state}' WHEN 'done' THEN 'x/' || i || '.mp3' END, 100000, lpad(to_hex(i), 64, '0'), 'audio/mpeg',
         to_char(to_timestamp(1600000000 + i::bigint * 40) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), i::bigint * 7919 % 1800,
         CASE i % 2 WHEN 0 THEN 'inbound' ELSE 'outbound' END, '+442071838' || i % 1000, '+12055550' || i % 777,
         (100 + i % 400)::text, (ARRAY['Ann Smith', 'Zoe Miller', 'Smith, John', 'Jose Nunez'])[1 + i % 4] || ' ' || i, 1, 1
       FROM generate_series(${at * 1_000_000 + 1}, ${(at + 1) * 1_000_000}) AS i`,
    );
  }
  await database.query("CREATE INDEX words_by_piece ON words USING gin (text gin_trgm_ops)");
  await database.query("VACUUM ANALYZE");
}

async function showPulls() {
  const ledger = await ledgerOf("pulling");
  const times = [];
  for (let at = 0; at < 100; at += 1) {
    const begun = performance.now();
    const refs = await ledger.pull("ringcentral", batch);
    times.push(performance.now() - begun);
    if (refs.length !== batch) throw new Error(`${refs.length} pulled`);
  }
  await ledger[Symbol.asyncDispose]();
  show("a pull of 256 among a million", times);
}

async function showStatus(home) {
  const env = { HOME: home, CALLREEL_LEDGER: url };
  for (let at = 0; at < 3; at += 1) {
    const { wall, cpu } = await measure([process.execPath, bin, "status", "-d", join(home, "calls")], { env });
    console.log(`status: ${wall.toFixed(2)} s, ${cpu.toFixed(2)} s CPU`);
  }
}

async function showPages(home) {
  const player = await openPlayer(["-d", join(home, "calls")], { HOME: home });
  const questions = ["", "sort=longest", "from=2022-01-01&to=2022-02-01", "from=2022-01-01&to=2022-02-01&sort=longest"];
  const texts = ["smith", "zoe", "nunez 77", "+442071838750", "zzzzzz", "sm", "zoe miller 123"];
  for (const text of texts)
    for (const sort of ["newest", "longest"]) questions.push(`text=${encodeURIComponent(text)}&sort=${sort}`);
  for (const question of questions) {
    const times = [];
    let found = 0;
    for (let at = 0; at < 5; at += 1) {
      const { ms, body } = await player.get(`/api/recordings?${question}`);
      times.push(ms);
      found = body.recordings.length;
    }
    show(`page ${question || "without a filter"} (${found})`, times);
    const counting = [];
    for (let at = 0; at < 3; at += 1) counting.push((await player.get(`/api/total?${question}`)).ms);
    show("  its total", counting);
  }
  player.close();
}
