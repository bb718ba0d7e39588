// How the player bears many listeners: node test/bench/listeners.js [seconds] [listeners]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { callsCsv } from "../../dist/sandbox/tim/calls-csv.js";
import { openTimSandbox } from "../../dist/sandbox/tim/index.js";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
const seconds = Number(process.argv[2] ?? 30);
const listeners = Number(process.argv[3] ?? 200);
const atOnce = 50;
const rangeBytes = 64 * 1024;
const slowBytesPerSecond = 400_000;

let cookie;

const home = mkdtempSync(join(tmpdir(), "callreel-listeners-"));
const archive = join(home, "archive");
const data = { rows: 40, seconds: [60, 90], unrecorded: 0, repeated: 0 };
const sandbox = await openTimSandbox({ data });
const env = { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: join(home, "state"), ...sandbox.env };
const [missing, ...kept] = sandbox.recordings();
const pathOf = (call) =>
  `/r/tim/${[call.datasource, call.voicelocation, call.voicefilename].map(encodeURIComponent).join("/")}`;
await fillArchive();
const songs = kept.map((call) => ({ path: pathOf(call), audio: sandbox.audioOf(call.voicefilename) }));

const server = spawn(process.execPath, [bin, "serve", "-d", archive, "--port", "0", "-q"], {
  env,
  stdio: ["ignore", "pipe", "inherit"],
});
const [entrance] = await once(createInterface(server.stdout), "line");
const { hostname, port, search } = new URL(entrance);

cookie = (await get(`/${search}`)).headers["set-cookie"][0].split(";")[0];
const memory = watchMemory();

console.log(`load ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores before`);
await listenToArchive();
await listenToMissing();
memory.stop();
server.kill("SIGTERM");
await once(server, "close");
await sandbox.close();
rmSync(home, { recursive: true, force: true });

/** An archive as users make it, of all recordings but one. */
async function fillArchive() {
  const rows = join(home, "rows.csv");
  writeFileSync(rows, callsCsv(kept));
  const args = [bin, "download", "-s", "tim", "--rows", rows, "-d", archive, "-q"];
  const [code] = await once(spawn(process.execPath, args, { env, stdio: "inherit" }), "close");
  if (code !== 0) throw new Error(`The archive could not be made: exit code ${code}.`);
}

/** Each listener asks for one part after the other, without pause: far more than one who listens. */
async function listenToArchive() {
  const idle = memory.now();
  const times = [];
  let wrong = 0;
  const started = performance.now();
  const until = started + seconds * 1000;
  const one = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < until) {
      const { path, audio } = songs[Math.floor(Math.random() * songs.length)];
      const from = Math.floor(Math.random() * audio.length);
      const to = Math.min(from + rangeBytes, audio.length);
      const asked = performance.now();
      const { status, body } = await get(path, { range: `bytes=${from}-${to - 1}` }, agent);
      times.push(performance.now() - asked);
      if (status !== 206 || !body.equals(audio.subarray(from, to))) wrong += 1;
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: listeners }, one));
  const took = (performance.now() - started) / 1000;
  const [first, last] = [memory.peak(started, started + 5000), memory.peak(until - 5000, until)];
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(0));
  console.log(
    `${listeners} listeners for ${took.toFixed(0)} s, parts of ${rangeBytes / 1024} KB, each compared with the source`,
  );
  console.log(
    `${(times.length / took).toFixed(0)} requests/s; ${p50} ms median, ${p99} ms p99, ${most} ms longest; ${wrong} wrong`,
  );
  console.log(`memory ${idle} MB idle, at most ${first} MB in the first 5 s and ${last} MB in the last`);
}

/** Everybody wants the one recording that only a slow source has. */
async function listenToMissing() {
  sandbox.clearStats();
  sandbox.settings.echo.bytesPerSecond = slowBytesPerSecond;
  const audio = sandbox.audioOf(missing.voicefilename);
  const hash = createHash("sha256").update(audio).digest("hex");
  const asked = performance.now();
  const answers = await Promise.all(
    Array.from({ length: atOnce }, async () => {
      const { status, body, firstByte } = await get(pathOf(missing));
      const right = status === 200 && createHash("sha256").update(body).digest("hex") === hash;
      return { right, firstByte: firstByte - asked, end: performance.now() - asked };
    }),
  );
  const { tokenRequests, audioRequests } = sandbox.stats();
  const count = (requests) => Object.values(requests).reduce((sum, each) => sum + each, 0);
  const slowest = (name) => (Math.max(...answers.map((each) => each[name])) / 1000).toFixed(2);
  const size = `${(audio.length / 1e6).toFixed(1)} MB at ${slowBytesPerSecond / 1000} KB/s`;
  console.log(
    `${atOnce} listeners at once on a recording that is not there, ${size}: ${answers.filter(({ right }) => right).length} right`,
  );
  console.log(`first byte after ${slowest("firstByte")} s at the latest, all of it after ${slowest("end")} s`);
  console.log(
    `upstream: ${count(tokenRequests)} token, ${count(audioRequests)} audio requests; memory at most ${memory.peak(asked, Infinity)} MB`,
  );
}

function get(path, headers = {}, agent = false) {
  const all = cookie === undefined ? headers : { cookie, ...headers };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers: all, agent }, (response) => {
      const chunks = [];
      let firstByte;
      response.on("data", (chunk) => {
        firstByte ??= performance.now();
        chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, firstByte, body: Buffer.concat(chunks) });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** The server's resident memory, ten times a second. */
function watchMemory() {
  const seen = [];
  const now = () =>
    Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) / 1024);
  const timer = setInterval(() => seen.push([performance.now(), now()]), 100);
  return {
    now,
    peak: (from, to) => Math.max(...seen.filter(([time]) => time >= from && time <= to).map(([, mb]) => mb)),
    stop: () => clearInterval(timer),
  };
}

function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
