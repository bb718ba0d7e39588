import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { run } from "../helpers/bin.ts";

describe("the man page", () => {
  it("is what the build put where package.json points", () => {
    const root = new URL("../../", import.meta.url);
    const { man } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { man: [string] };
    expect(readFileSync(new URL(man[0], root), "utf8")).toBe(manPage());
  });

  it("groups commands as help does", async () => {
    const { out } = await run(["--help"], { env: {} });
    const groups = [...out.matchAll(/^([A-Z][a-z ]+):$/gm)].map(([, name]) => name as string);
    const inHelp = groups.filter((name) => !["Usage", "Examples", "Options", "Arguments"].includes(name));
    const page = manPage();
    const section = page.slice(page.indexOf(".SH COMMANDS"), page.indexOf(".SH OPTIONS"));
    expect([...section.matchAll(/^\.SS (.+)$/gm)].map(([, name]) => name)).toEqual(inHelp);
    expect(inHelp.length).toBeGreaterThan(3);
  });

  it("has no fault that mandoc knows", ({ skip }) => {
    const { error, stdout } = spawnSync("mandoc", ["-T", "lint", "-W", "error"], {
      input: manPage(),
      encoding: "utf8",
    });
    if (error !== undefined) skip("Debian's package mandoc is not installed");
    expect(stdout).toBe("");
  });

  it("tells every verb, every flag that help tells, and every exit code", async ({ skip }) => {
    const { error, stdout } = spawnSync(
      "mandoc",
      ["-T", "ascii", fileURLToPath(new URL("../../dist/man/callreel.1", import.meta.url))],
      {
        encoding: "utf8",
      },
    );
    if (error !== undefined) skip("Debian's package mandoc is not installed");
    const plain = stdout.replaceAll(/.\u0008/g, "");
    for (const { name } of commands) {
      expect(plain).toMatch(new RegExp(`^ +${name}\\b`, "m"));
      const { out } = await run(["help", name]);
      const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1] as string);
      expect(flags.filter((flag) => flag !== "--help" && !plain.includes(flag))).toEqual([]);
    }
    const codes = plain.slice(plain.indexOf("EXIT STATUS"));
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 130, 143, 141])
      expect(codes).toMatch(new RegExp(`\\b${code}\\b`));
  });
});
