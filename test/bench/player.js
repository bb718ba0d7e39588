import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

/** The built player with these arguments; `get` asks it for JSON and tells how many milliseconds that took. */
export async function openPlayer(args, env = {}) {
  const child = spawn(process.execPath, [bin, "serve", "--port", "0", ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const entrance = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(String(text).trim())));
  const { origin } = new URL(entrance);
  const entered = await fetch(entrance, { redirect: "manual" });
  const cookie = entered.headers.getSetCookie()[0].split(";")[0];
  return {
    async get(path) {
      const begun = performance.now();
      const answer = await fetch(origin + path, { headers: { cookie } });
      const body = await answer.json();
      if (!answer.ok) throw new Error(JSON.stringify(body));
      return { ms: performance.now() - begun, body };
    },
    close: () => child.kill(),
  };
}

/** Prints milliseconds: median, 99th percentile, longest. */
export function show(title, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(1);
  console.log(`${title}: ${at(0.5)} ${at(0.99)} ${at(1)}`);
}
