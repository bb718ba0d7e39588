import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { lateReturns, plainNames } from "./helpers/late-returns.ts";
import { openTempFolder } from "./helpers/temp-folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** One import for each layer that it must not have. */
const broken: readonly (readonly [file: string, imports: string])[] = [
  ["src/core/model/broken.ts", "node:fs"],
  ["src/core/download/broken.ts", "../../http/client.ts"],
  ["src/core/broken.ts", "./../platform/sqlite.ts"],
  ["src/platform/broken.ts", "../ledgers/index.ts"],
  ["src/http/broken.ts", "../cli/config.ts"],
  ["src/sources/tim/broken.ts", "../../ledgers/index.ts"],
  ["src/sources/broken.ts", "node:process"],
  ["src/readers/csv/broken.ts", "../../sources/index.ts"],
  ["src/destinations/disk/broken.ts", "../../composition/archive.ts"],
  ["src/ledgers/copy/broken.ts", "../../destinations/index.ts"],
  ["src/ledgers/broken.ts", "./sqlite/database.ts"],
  ["src/ledgers/sqlite/broken.ts", "../postgres/store.ts"],
  ["src/ledgers/postgres/broken.ts", "../sqlite/database.ts"],
  ["src/reporters/broken.ts", "../player/server.ts"],
  ["src/seals/broken.ts", "conf"],
  ["src/workers/broken.ts", "../sources/index.ts"],
  ["src/player/auth/broken.ts", "../../sources/index.ts"],
  ["src/composition/broken.ts", "../commands/download.ts"],
  ["src/maintenance/broken.ts", "../cli/program.ts"],
  ["src/commands/broken.ts", "./download.ts"],
  ["src/sandbox/tim/broken.ts", "../../core/redact.ts"],
];

test("the linter refuses an import that crosses a layer, for every layer", () => {
  using folder = openTempFolder();
  copyFileSync(join(root, ".biome.json"), join(folder.path, ".biome.json"));
  for (const [file, imports] of broken) {
    mkdirSync(join(folder.path, dirname(file)), { recursive: true });
    writeFileSync(join(folder.path, file), `import { x } from "${imports}";\n\nexport const y = x;\n`);
  }
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = ["lint", "--config-path=.biome.json", "--reporter=github", "--max-diagnostics=none", "."];
  const { stdout, stderr } = spawnSync(process.execPath, [biome, ...args], { cwd: folder.path, encoding: "utf8" });
  const refused = broken.filter(([file]) =>
    stdout.split("\n").some((line) => line.includes("noRestrictedImports") && line.includes(file)),
  );
  expect([stderr, refused]).toEqual([expect.anything(), broken]);
});

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => [name, readFileSync(join(root, "src", name), "utf8")] as const);

test("nothing that is returned still works with what is closed by the return", () => {
  const plain = plainNames(sources.map(([, text]) => text));
  const late = sources.flatMap(([name, text]) => lateReturns(text, plain).map((line) => `src/${name}:${line}`));
  expect([sources.length > 150, late]).toEqual([true, []]);
});

/** Bodies of async functions, and whether what they return is late. */
test.each([
  ["await using x = open(); return work(x);", true],
  ["using x = open(); return x.work();", true],
  ["await using x = open(); if (y) { return y ? 1 : work(x); }", true],
  ["await using x = open(); return known ?? work(x);", true],
  ["using x = open(); return new Promise(() => {});", true],
  ["for (using x of all) return work(x);", true],
  ["try { return work(); } catch { return 1; }", true],
  ["try { } catch { return work(); } finally { close(); }", true],
  ["await using x = open(); return await work(x);", false],
  ["await using x = open(); return plain(x);", false],
  ["{ await using x = open(); } return work();", false],
  ["await using x = open(); const later = () => { return work(x); }; return 0;", false],
  ["try { await work(); } catch { return work(); }", false],
])("a promise that is returned as something closes is told: %s", (body, isLate) => {
  const plain = plainNames(["function plain(x: X): number { return 1; } async function work() {}"]);
  expect(lateReturns(`async function f() { ${body} }`, plain).length).toBe(isLate ? 1 : 0);
});

test("no module needs, when it loads, one that needs it", () => {
  const files = sources.map(([name]) => name);
  const needs = new Map(files.map((name) => [name, needsOf(name)]));
  const circles = files.filter((name) => reaches(name, name, needs, new Set()));
  expect(files.length).toBeGreaterThan(150);
  expect(circles).toEqual([]);
});

/** What a module imports at run time, types left out; dynamic imports are no part of loading. */
function needsOf(name: string): string[] {
  const text = readFileSync(join(root, "src", name), "utf8");
  const imports = [...text.matchAll(/^(?:import|export) (?!type )([^;]*?) from "(\.[^"]+)";$/gms)];
  return imports
    .filter(
      ([, what = ""]) => !what.startsWith("{") || what.split(",").some((each) => !/^[{\s]*(?:type |\}|$)/.test(each)),
    )
    .map(([, , path = ""]) => join(dirname(name), path));
}

function reaches(from: string, to: string, needs: ReadonlyMap<string, string[]>, seen: Set<string>): boolean {
  return (needs.get(from) ?? []).some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(next, to, needs, seen);
  });
}
