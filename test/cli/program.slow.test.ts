import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { listLoadedModules, loadedModules } from "../helpers/loaded-modules.ts";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

/** Runs the program, and tells which modules it loaded. */
function loadedBy(args: readonly string[]): { status: number | null; stdout: string; loaded: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", listLoadedModules, bin, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, loaded: loadedModules(stderr) };
}

const packageOf = (url: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];

describe("what is quick stays quick", () => {
  it.each([["--help"], ["--version"], ["help"], ["help download"], ["list --help"]])(
    "%s loads no package, and of the program only what tells it",
    (words) => {
      const { status, stdout, loaded } = loadedBy(words.split(" "));
      expect([status, stdout.length > 0]).toEqual([0, true]);
      expect(loaded.some((url) => url.endsWith("/dist/bundle/start.js"))).toBe(true);
      expect(loaded.filter((url) => packageOf(url) !== undefined)).toEqual([]);
      expect(loaded.filter((url) => url.startsWith("file:")).length).toBeLessThan(8);
    },
  );

  it("what is wrong in the words is told by the parser: no command, no client, no settings and no calendar is loaded", () => {
    const { status, loaded } = loadedBy(["download", "--nonsense"]);
    expect(status).toBe(2);
    expect(new Set(loaded.map(packageOf).filter(Boolean))).toEqual(new Set(["commander"]));
    const bundle = new URL("../../dist/bundle/", import.meta.url);
    for (const name of ["usual", "verify"]) {
      const url = new URL(`${name}.js`, bundle);
      expect([name, existsSync(url), loaded.includes(url.href)]).toEqual([name, true, false]);
    }
    expect(loaded.length).toBeLessThan(40);
  });

  it("--help is told by little code: it takes hardly longer than Node itself", () => {
    const files = loadedBy(["--help"]).loaded.filter((url) => url.startsWith("file:"));
    expect(files.reduce((sum, url) => sum + statSync(new URL(url)).size, 0)).toBeLessThan(40_000);
  });
});
