import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure, measureAll } from "./measure.js";

const undiciAlone = fileURLToPath(new URL("./undici-alone.js", import.meta.url));
const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

/**
 * Every program of the comparison: how to see that it is here, and how it brings the workload into `out`. `work` is the
 * folder with the lists, `files` the originals, `base` the server.
 */
export const programs = {
  callreel: {
    version: [process.execPath, bin, "--version"],
    run: (world) => fromRingCentral(world, ["-j", "16"]),
  },
  "callreel, as installed": {
    version: [process.execPath, bin, "--version"],
    run: (world) => fromRingCentral(world, []),
  },
  "callreel -j 4": {
    version: [process.execPath, bin, "--version"],
    run: (world) => fromRingCentral(world, ["-j", "4"]),
  },
  "callreel, from TIM": {
    version: [process.execPath, bin, "--version"],
    run: ({ work, out, base, ca }) =>
      callreel(["-s", "tim", "--rows", join(work, "calls.csv"), "-j", "16"], out, ca, {
        ...{ TIM_URL: base, TIM_USERNAME: "bench", TIM_PASSWORD: "bench" },
      }),
  },
  "undici alone": {
    version: [process.execPath, "--version"],
    run: ({ work, out, ca }) =>
      measure([process.execPath, undiciAlone, join(work, "urls.txt"), out].concat(ca === undefined ? [] : [ca])),
  },
  curl: {
    version: ["curl", "--version"],
    run: ({ work, out, ca }) => measure(curl(work, ca), { cwd: out }),
  },
  "curl, then sha256sum": {
    version: ["curl", "--version"],
    run: ({ work, out, ca }) => measureAll([curl(work, ca), ["sh", "-c", "ls | xargs sha256sum"]], { cwd: out }),
  },
  aria2c: {
    version: ["aria2c", "--version"],
    run: ({ work, out, ca }) =>
      measure(
        ["aria2c", "-j16", "-x1", "-q", "--file-allocation=none", "-d", out, "-i", join(work, "aria2.txt")].concat(
          ca ? [`--ca-certificate=${ca}`] : [],
        ),
      ),
  },
  wget2: {
    version: ["wget2", "--version"],
    run: ({ work, out, ca }) =>
      measure(
        ["wget2", "-q", "--max-threads=16", "-i", join(work, "urls.txt")].concat(ca ? [`--ca-certificate=${ca}`] : []),
        { cwd: out },
      ),
  },
  rclone: {
    version: ["rclone", "version"],
    run: ({ out, base, ca }) =>
      measure(
        [
          "rclone",
          "copy",
          ":http:",
          out,
          "--http-url",
          `${base}/files/`,
          "--transfers",
          "16",
          "--checkers",
          "16",
        ].concat(["--config", "/dev/null", "-q"], ca ? ["--ca-cert", ca] : []),
      ),
  },
  cp: {
    version: ["cp", "--version"],
    run: ({ files, out }) => measure(["cp", "-r", files, out]),
  },
};

const slowOnly = ["callreel, as installed", "callreel -j 4"];
const overLatency = ["callreel", ...slowOnly, "curl", "aria2c", "wget2"];

/** Who takes part: the slow server has no list of its files, and copies nothing. */
export function takesPart(name, slow) {
  return slow ? overLatency.includes(name) : !slowOnly.includes(name);
}

/** What each program calls itself; undefined for those that are not installed. */
export function versions() {
  return Object.fromEntries(Object.entries(programs).map(([name, { version }]) => [name, versionOf(version)]));
}

function versionOf([command, ...args]) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0] : undefined;
}

function curl(work, ca) {
  return ["curl", "-sZ", "--parallel-max", "16", ...(ca ? ["--cacert", ca] : []), "-K", join(work, "curl.txt")];
}

/** Adds another checkout's build, of an earlier commit say, to run in the same rounds. */
export function addBuild(folder) {
  const other = join(folder, "bin", "callreel.js");
  const { run } = programs.callreel;
  programs["callreel, the other build"] = {
    version: [process.execPath, other, "--version"],
    run: (world) => run({ ...world, program: other }),
  };
}

function fromRingCentral({ work, out, base, ca, program }, more) {
  const login = { RC_SERVER_URL: base, RC_MEDIA_URL: base, RC_ACCESS_TOKEN: "bench", RC_APP_CLIENT_ID: "bench" };
  return callreel(["-s", "ringcentral", "--rows", join(work, "rows.ndjson"), ...more], out, ca, login, program);
}

function callreel(from, out, ca, login, program = bin) {
  const state = `${out}.state`;
  const options = ["-d", out, "--progress", "none", ...(ca ? ["--ca-file", ca] : [])];
  return measure([process.execPath, program, "download", ...from, ...options], {
    env: { ...login, XDG_STATE_HOME: state, XDG_CONFIG_HOME: state, NO_PROXY: "127.0.0.1" },
  });
}

/** How many recordings lie under `folder`, at any depth. */
export function countFiles(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".wav")).length;
}
