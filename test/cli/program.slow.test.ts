import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));
/** A module that writes the address of every module that is loaded after it to stderr. */
const listing = `import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(2, "LOADED " + url + "\\n");
  return next(url, context);
}`;
const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const hook = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(listing))});`);

/** Runs the program, and tells which modules it loaded. */
function loadedBy(args: readonly string[]): { status: number | null; stdout: string; loaded: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", hook, bin, ...args], {
    encoding: "utf8",
  });
  const lines = stderr.split("\n").filter((line) => line.startsWith("LOADED "));
  return { status, stdout, loaded: lines.map((line) => line.slice("LOADED ".length)) };
}

/** Seconds of CPU that Node takes for this, user and system, as the kernel counts them. */
function cpuOf(args: readonly string[]): number {
  const timed = 'TIMEFORMAT="cpu %3U %3S"; time "$0" "$@" >/dev/null';
  const { status, stderr } = spawnSync("bash", ["-c", timed, process.execPath, ...args], { encoding: "utf8" });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  expect(status, stderr).toBe(0);
  return Number(user) + Number(system);
}

const packageOf = (url: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];

describe("what is quick stays quick", () => {
  it.each([["--help"], ["--version"], ["help"], ["help download"], ["list --help"]])(
    "%s loads no package, and of the program only what tells it",
    (words) => {
      const { status, stdout, loaded } = loadedBy(words.split(" "));
      expect([status, stdout.length > 0]).toEqual([0, true]);
      expect(loaded.some((url) => url.endsWith("/dist/cli/start.js"))).toBe(true);
      expect(loaded.filter((url) => packageOf(url) !== undefined)).toEqual([]);
      expect(loaded.filter((url) => url.startsWith("file:")).length).toBeLessThan(8);
    },
  );

  it("what is wrong in the words is told by the parser: no command, no client, no settings and no calendar is loaded", () => {
    const { status, loaded } = loadedBy(["download", "--nonsense"]);
    expect(status).toBe(2);
    expect(new Set(loaded.map(packageOf).filter(Boolean))).toEqual(new Set(["commander"]));
    expect(loaded.filter((url) => /dist\/(commands\/|composition|sources|ledgers|cli\/config|http)/.test(url))).toEqual(
      [],
    );
    expect(loaded.length).toBeLessThan(40);
  });

  it("--help takes hardly longer than Node itself", () => {
    // In turns, and the best of many: what loads the machine for a moment slows some rounds, a slow program all of them.
    const rounds = Array.from({ length: 15 }, () => [cpuOf(["-e", "0"]), cpuOf([bin, "--help"])] as const);
    const node = Math.min(...rounds.map(([empty]) => empty));
    const help = Math.min(...rounds.map(([, each]) => each));
    expect(help / node).toBeLessThan(1.5);
  });
});
