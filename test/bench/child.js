import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

// Runs one command and tells its parent what it cost. A process of its own for each command, because the kernel counts
// the CPU time of ended children per parent. The greatest memory is read from the running process, as a parent's own
// peak would hide a smaller child's.
const [command, ...args] = process.argv.slice(2);
const before = childCpu();
const started = performance.now();
const child = spawn(command, args, { stdio: ["ignore", "ignore", "ignore"] });
let rss = 0;
const watch = setInterval(() => {
  rss = Math.max(rss, peakOf(child.pid));
}, 20);
child.on("error", () => process.send({ code: 127 }));
child.on("exit", (code, signal) => {
  const wall = (performance.now() - started) / 1000;
  clearInterval(watch);
  process.send({ code: code ?? signal, wall, cpu: childCpu() - before, rss });
  process.disconnect();
});

/** CPU seconds of ended and awaited children (fields 16 and 17 of stat, in hundredths). */
function childCpu() {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
