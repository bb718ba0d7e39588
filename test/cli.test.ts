import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../bin/callreel.js", import.meta.url));
/** A module that writes the address of every module that is loaded after it to stderr. */
const listing = `import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(2, "LOADED " + url + "\\n");
  return next(url, context);
}`;
const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const hook = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(listing))});`);

describe("what is quick stays quick", () => {
  it.each([["--help"], ["--version"], ["help"]])(
    "%s loads no command, no client, no settings and no calendar",
    (flag) => {
      const child = spawnSync(process.execPath, ["--import", hook, bin, flag], {
        encoding: "utf8",
      });
      expect([child.status, child.stdout.length > 0]).toEqual([0, true]);
      const loaded = child.stderr.split("\n").filter((line) => line.startsWith("LOADED "));
      expect(loaded.some((line) => line.endsWith("/dist/cli.js"))).toBe(true);
      const packages = loaded.map((line) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1]).filter(Boolean);
      expect(new Set(packages)).toEqual(new Set(["commander"]));
      expect(loaded.filter((line) => /dist\/(commands|wire|sources|ledgers|config|http)/.test(line))).toEqual([]);
      expect(loaded.length).toBeLessThan(35);
    },
  );
});
