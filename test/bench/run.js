import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chart } from "./chart.js";
import { machine } from "./measure.js";
import { startNginx } from "./nginx.js";
import { addBuild, countFiles, programs, takesPart, versions } from "./programs.js";
import { startSlowServer } from "./slow-server.js";
import { against, spread, table } from "./statistics.js";
import { makeFiles, quick, workloads, writeLists } from "./workloads.js";

/** Runs every program on one workload, `rounds` times in turns, and returns each one's measurements. */
export async function compare(name, { rounds, isQuick, tls, disk, slow, only, log }) {
  const work = isQuick ? quick(workloads[name]) : workloads[name];
  const source = mkdtempSync("/dev/shm/callreel-bench-");
  const target = disk ? mkdtempSync(join(tmpdir(), "callreel-bench-")) : source;
  const files = makeFiles(source, work);
  const certificate = tls ? makeCertificate(source) : undefined;
  const server = slow ? await startSlowServer(files, slow) : await startNginx(source, files, certificate);
  const scheme = tls ? "https" : "http";
  const world = { work: source, files, base: `${scheme}://127.0.0.1:${server.port}`, ca: certificate?.cert };
  writeLists(source, work.count, server.port, scheme);
  const runs = Object.fromEntries(only.map((program) => [program, []]));
  try {
    // One round more than counts: the first warms caches.
    for (let round = 0; round <= rounds; round += 1) {
      for (const program of only) {
        const result = await oneRun(program, world, join(target, "out"), work.count);
        if (round > 0 || rounds === 0) runs[program].push(result);
        log?.(`${name} ${round}/${rounds} ${program}: ${result.wall.toFixed(2)} s`);
      }
    }
  } finally {
    const refused = await server.stop();
    if (refused > 0) log?.(`${name}: ${refused} requests refused in all`);
    for (const folder of new Set([source, target])) rmSync(folder, { recursive: true, force: true });
  }
  return runs;
}

async function oneRun(program, world, out, count) {
  for (const folder of [out, `${out}.state`]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(out);
  const result = await programs[program].run({ ...world, out });
  const found = countFiles(out);
  if (found !== count) throw new Error(`${program} brought ${found} of ${count} files`);
  return result;
}

function makeCertificate(folder) {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const call = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1";
  const more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert];
  if (spawnSync("openssl", [...call.split(" "), ...more]).status !== 0) throw new Error("openssl made no certificate");
  return { cert, key };
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      workload: { type: "string" },
      rounds: { type: "string", default: "5" },
      tls: { type: "boolean", default: false },
      disk: { type: "boolean", default: false },
      latency: { type: "string" },
      rate: { type: "string", default: "2M" },
      bears: { type: "string" },
      against: { type: "string" },
      only: { type: "string" },
    },
  });
  if (values.against !== undefined) addBuild(values.against);
  const found = versions();
  const absent = Object.keys(found).filter((name) => found[name] === undefined);
  const wanted = values.only?.split(";");
  const slow = slowOf(values);
  const joins = (name) => wanted?.includes(name) ?? takesPart(name, slow !== undefined);
  const only = Object.keys(found).filter((name) => found[name] !== undefined && joins(name));
  if (absent.length > 0) console.log(`Not installed, left out: ${absent.join(", ")}`);
  const about = { date: new Date().toISOString(), cores: availableParallelism(), ...machine(), versions: found };
  const options = {
    rounds: Number(values.rounds),
    isQuick: values.quick,
    tls: values.tls,
    disk: values.disk,
    slow,
    only,
  };
  const results = {};
  for (const name of (values.workload ?? (slow === undefined ? "S,M,L" : "calls,short")).split(",")) {
    const runs = await compare(name, { ...options, log: console.error });
    results[name] = {
      spread: spread(runs),
      ratios: against(runs, slow === undefined ? "callreel" : "callreel, as installed"),
    };
    console.log(table(name, results[name]));
    if (wanted === undefined)
      keep({
        ...about,
        quick: values.quick,
        tls: values.tls,
        target: values.disk ? "disk" : "tmpfs",
        rounds: options.rounds,
        ...(slow && { slow }),
        results,
      });
  }
}

function slowOf({ latency, rate, bears }) {
  if (latency === undefined) return undefined;
  const [, number, unit] = /^(\d+)([kM]?)$/.exec(rate);
  const bytes = Number(number) * { "": 1, k: 1000, M: 1_000_000 }[unit];
  return { latency: Number(latency), rate: bytes, ...(bears && { bears: Number(bears) }) };
}

/** The latest run of each kind is kept in the repository. */
function keep(report) {
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  const { target, tls, quick, slow } = report;
  const server = slow ? [`${slow.latency}ms`, ...(slow.bears ? [`bears-${slow.bears}`] : [])] : [];
  const kind = [target, tls ? "tls" : "http", ...server, ...(quick ? ["quick"] : [])].join("-");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${kind}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${kind}.svg`), chart(report));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
