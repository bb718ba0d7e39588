import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNginx } from "./nginx.js";
import { range } from "./statistics.js";
import { makeFiles, writeLists } from "./workloads.js";

// How long until the first recording is safe, until the first byte of `-o -`, and until an empty Node has written a line, in
// milliseconds from the start of the process: node test/bench/start.js [rounds]. Runs with the Node that runs it.

const rounds = Number(process.argv[2] ?? 15);
const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
const work = mkdtempSync("/dev/shm/callreel-start-");
const server = await startNginx(work, makeFiles(work, { count: 1, bytes: 50 * 1024 }));
try {
  writeLists(work, 1, server.port, "http");
  const base = `http://127.0.0.1:${server.port}`;
  const state = join(work, "state");
  const env = {
    ...process.env,
    ...{ RC_SERVER_URL: base, RC_MEDIA_URL: base, RC_ACCESS_TOKEN: "bench", RC_APP_CLIENT_ID: "bench" },
    ...{ XDG_STATE_HOME: state, XDG_CONFIG_HOME: state, NO_PROXY: "127.0.0.1" },
  };
  const rows = ["-s", "ringcentral", "--rows", join(work, "rows.ndjson")];
  const archive = join(work, "out");
  const times = { "empty node": [], "first recording": [], "first byte of -o -": [] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const folder of [archive, state]) rmSync(folder, { recursive: true, force: true });
    const taken = [
      await until("\n", ["-e", "console.log()"], env),
      await until('"recording-done"', [bin, "download", ...rows, "-d", archive, "--json"], env),
      await until("RIFF", [bin, "download", ...rows, "-o", "-"], env),
    ];
    // The first round warms the caches.
    if (round > 0) Object.values(times).forEach((list, at) => void list.push(taken[at]));
  }
  console.log(`Node ${process.version}, load ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}, ${rounds} rounds`);
  for (const [name, list] of Object.entries(times)) {
    const { median, least, most } = range(list.map(Math.round));
    console.log(`${name.padEnd(20)} ${median} ms (${least}–${most})`);
  }
} finally {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}

/** Milliseconds until `text` has come from stdout; the process is let end before it returns. */
function until(text, args, env) {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    let took;
    let heard = "";
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.on("data", (chunk) => {
      if (took !== undefined) return;
      heard += chunk.toString("latin1");
      if (heard.includes(text)) took = performance.now() - begun;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 && took !== undefined ? resolve(took) : reject(new Error(`${args.join(" ")}: ended with ${code}`)),
    );
  });
}
