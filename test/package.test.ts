import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openTempFolder } from "./helpers/temp-folder.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("the package", () => {
  it("holds the program, its man page, README with its pages, and LICENSE, and installs and runs without a network", () => {
    using folder = openTempFolder();
    const [packed] = JSON.parse(npm(root, "pack", "--ignore-scripts", "--json", "--pack-destination", folder.path));
    const paths = (packed as { files: { path: string }[] }).files.map(({ path }) => path);
    const others = paths.filter((path) => !/^(bin|dist|src\/docs)\//.test(path));
    expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json", "src/README.md"]);
    expect(paths).toEqual(
      expect.arrayContaining([
        "bin/callreel.js",
        "dist/bundle/start.js",
        "dist/help/callreel.txt",
        "dist/man/callreel.1",
      ]),
    );
    expect(paths.filter((path) => /test|\.ts$|\.map$/.test(path.replace(/\.d\.ts$/, ".js")))).toEqual([]);

    // As npm would lay it out, with the dependencies that are here already.
    const home = join(folder.path, "lib/node_modules/callreel");
    execFileSync("mkdir", ["-p", home, join(folder.path, "bin")]);
    const tarball = readdirSync(folder.path).find((name) => name.endsWith(".tgz")) as string;
    execFileSync("tar", ["-xzf", join(folder.path, tarball), "-C", home, "--strip-components=1"]);
    symlinkSync(join(root, "node_modules"), join(home, "node_modules"));
    symlinkSync("../lib/node_modules/callreel/bin/callreel.js", join(folder.path, "bin/callreel"));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const ran = spawnSync(join(folder.path, "bin/callreel"), ["--version"], { encoding: "utf8" });
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, `${version}\n`, ""]);
  });

  it("holds every thread that the program starts, beside what starts it", () => {
    const started = sources().flatMap((text) =>
      [...text.matchAll(/new Worker\(\s*new URL\("([^"]+)"/g)].map((found) => found[1]),
    );
    expect(started.length).toBeGreaterThan(2);
    const bundle = readdirSync(join(root, "dist/bundle"));
    for (const address of started) expect(bundle.map((name) => `./${name}`)).toContain(address);
  });

  it("runs nothing while it is installed", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  });
});

function sources(): string[] {
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(root, "src", name), "utf8"));
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
