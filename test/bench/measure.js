import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const here = new URL("./child.js", import.meta.url).pathname;

/**
 * Runs a command through `child.js`, which waits for it and reports what the kernel counted for it: wall seconds, CPU
 * seconds and the greatest resident memory of any one of its processes, in MB.
 */
export function measure([command, ...args], { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here, command, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let told;
    child.on("message", (message) => {
      told = message;
    });
    child.on("error", reject);
    child.on("close", () => {
      if (told === undefined || told.code !== 0) reject(new Error(`${command} ended with ${told?.code}`));
      else resolve({ wall: told.wall, cpu: told.cpu, rss: told.rss });
    });
  });
}

/** Several commands one after the other, as one: times add up, memory is the greatest. */
export async function measureAll(commands, options) {
  const sum = { wall: 0, cpu: 0, rss: 0 };
  for (const command of commands) {
    const one = await measure(command, options);
    sum.wall += one.wall;
    sum.cpu += one.cpu;
    sum.rss = Math.max(sum.rss, one.rss);
  }
  return sum;
}

export function machine() {
  const cpu = /model name\s*:\s*(.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  const kernel = readFileSync("/proc/version", "utf8").split(" ")[2];
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
  return { cpu, kernel, node: process.version, loadAtStart: Number(load) };
}
