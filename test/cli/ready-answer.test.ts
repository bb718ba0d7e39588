import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/program.ts";
import { helpFolder, pageName, readyAnswer } from "../../src/cli/start.ts";
import { run } from "../helpers/bin.ts";
import { testIo } from "../helpers/test-io.ts";

const names = commands.map(({ name }) => name);
const page = (command?: string, brief = false) =>
  readFileSync(new URL(pageName(command, brief) as string, helpFolder), "utf8");

/** What the parser itself prints. */
async function parsed(argv: readonly string[], columns?: number): Promise<string> {
  const io = testIo({});
  if (columns !== undefined) Object.assign(io.stdout, { isTTY: true, columns });
  expect(await main(argv, io)).toBe(0);
  return io.out();
}

describe("the help pages of the build", () => {
  it("are what the parser prints, byte for byte, however help is asked for", async () => {
    expect(await parsed(["--help"])).toBe(page());
    expect(await parsed(["help"])).toBe(page());
    expect(await parsed(["-h"])).toBe(page(undefined, true));
    for (const name of names) {
      expect(await parsed(["help", name])).toBe(page(name));
      expect(await parsed([name, "--help"])).toBe(page(name));
      expect(await parsed([name, "-h"])).toBe(page(name, true));
    }
  });

  it("of what is no command is that name as unknown; of help itself, all of it", async () => {
    for (const name of ["downlaod", "nothing-like-it"]) {
      const io = testIo({});
      expect(await main(["help", name], io)).toBe(2);
      expect(io.err()).toMatch(new RegExp(`^callreel: unknown command '${name}'`));
      expect(io.out()).toBe("");
    }
    expect(await parsed(["help", "help"])).toBe(page());
    expect(await parsed(["help", "--help"])).toBe(page());
  });

  it("are what the program prints", async () => {
    expect(await run(["-h"])).toMatchObject({ code: 0, out: page(undefined, true), err: "" });
    expect(await run(["help", "download"])).toMatchObject({ code: 0, out: page("download"), err: "" });
    expect(await run(["download", "--help"])).toMatchObject({ code: 0, out: page("download"), err: "" });
  });

  it("name every command on the first page, under what it is for, and keep within 80 columns", () => {
    const [, commandList = ""] = page().split("\nBegin:\n");
    const listed = [...commandList.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1]);
    expect(listed.toSorted()).toEqual([...names, "help"].toSorted());
    expect([...page().matchAll(/^(?!Usage|Options|Examples)([A-Z][a-z ]+):$/gm)].map((match) => match[1])).toEqual([
      ...["Begin", "Download", "Listen and find", "Prove", "Hand over and keep", "Shell"],
    ]);
    const shell = commandList.slice(commandList.indexOf("Shell:"));
    expect(shell.match(/^ {2}[a-z]+/gm)).toEqual(["  completion", "  help"]);
    for (const name of [undefined, ...names]) {
      const lines = [false, true].flatMap((brief) => page(name, brief).split("\n"));
      expect(lines.filter((line) => line.length > 80 && line.trim().includes(" "))).toEqual([]);
    }
  });

  it("have examples before options; the short ones fit a screen or two and name the whole one", () => {
    for (const name of names) {
      const [whole, brief] = [page(name), page(name, true)];
      expect(whole.indexOf("\nExamples:\n")).toBeLessThan(whole.indexOf("\nOptions:\n"));
      expect(brief).toContain(`callreel ${name} --help`);
      expect(brief.length, name).toBeLessThanOrEqual(whole.length + 100);
      expect(brief.split("\n").length, name).toBeLessThan(95);
    }
    expect(page("download", true).split("\n").length).toBeLessThan(page("download").split("\n").length / 2);
  });
});

describe("a ready answer", () => {
  it("is given where stdout is no terminal, and in one of 80 columns", () => {
    expect(readyAnswer(["--help"], {})).toBe(page());
    expect(readyAnswer(["list", "-h"], { isTTY: true, columns: 80 })).toBe(page("list", true));
  });

  it("is left to the parser in a terminal of another width, which is laid out anew", async () => {
    expect(readyAnswer(["--help"], { isTTY: true, columns: 120 })).toBeUndefined();
    expect(readyAnswer(["--help"], { isTTY: true, columns: 60 })).toBeUndefined();
    const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));
    expect(widest(await parsed(["help"], 120))).toBeGreaterThan(90);
    for (const columns of [40, 60]) {
      for (const argv of [["--help"], ["-h"], ["help", "download"], ["download", "-h"], ["serve", "-h"]]) {
        const tooWide = (await parsed(argv, columns)).split("\n").filter((line) => line.length > columns);
        // What has no blank to break at: a flag's own name, a long word of an example.
        expect(tooWide.filter((line) => line.replace(/ \\$/, "").trim().split(" ").length > 2)).toEqual([]);
      }
    }
  });

  it.each([
    [""],
    ["download"],
    ["help nonsense"],
    ["help help"],
    ["help callreel"],
    ["nonsense --help"],
    ["download --help -q"],
    ["--help download"],
    ["help ../man/callreel"],
    ["--version --help"],
  ])("is left to the parser for: callreel %s", (words) => {
    expect(readyAnswer(words.split(" ").filter(Boolean), {})).toBeUndefined();
  });

  it("tells the version, at any width", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(readyAnswer(["--version"], { isTTY: true, columns: 200 })).toBe(`${version}\n`);
    expect(await parsed(["--version"])).toBe(`${version}\n`);
  });
});
