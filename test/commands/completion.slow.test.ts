import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, until } from "../helpers/bin.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

/** What is typed before the tab key, and the arguments that callreel then gets. */
const typed: readonly (readonly [string, string])[] = [
  ["callreel dow", "download"],
  ["callreel download --dry-", "download --dry-run"],
  ["callreel download --progress pl", "download --progress plain"],
  ["callreel download -s ri", "download -s ringcentral"],
  ["callreel download -r arch", "download -r archive.csv"],
  ["callreel download --format m", "download --format mp3"],
  ["callreel verify --read-d", "verify --read-data-subset"],
  ["callreel auth log", "auth log"],
  ["callreel auth logo", "auth logout"],
  ["callreel auth status t", "auth status tim"],
  ["callreel config set tim-url-t", "config set tim-url-template"],
  ["callreel completion fi", "completion fish"],
  ["callreel help reco", "help reconcile"],
];

describe("completion", () => {
  it.for([
    ["bash", ["--norc", "--noprofile", "-i"], "bind 'set bell-style none'; source ./script"],
    ["zsh", ["-f", "-i"], "unsetopt beep; autoload -U compinit; compinit -D -u; source ./script"],
  ] as const)("is understood by %s, key by key", async ([shell, args, load], { skip }) => {
    expectShell(shell, skip);
    using folder = openTempFolder();
    await prepare(folder.path, shell);
    const setup = `callreel() { echo "GOT<$*>"; }; PS1=; PROMPT=; ${load}; echo READY`;
    const lines = await typeInto([shell, ...args], folder.path, setup);
    expect(lines).toEqual(typed.map(([, got]) => got));
  });

  it("is understood by fish", async ({ skip }) => {
    expectShell("fish", skip);
    using folder = openTempFolder();
    await prepare(folder.path, "fish");
    const asked = typed.filter(([line]) => line !== "callreel auth log");
    for (const [line, got] of asked) {
      const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", `source ./script; complete -C '${line}'`], {
        cwd: folder.path,
        env: { ...process.env, HOME: folder.path },
        encoding: "utf8",
      });
      const offered = stdout
        .split("\n")
        .filter((each) => each !== "")
        .map((each) => each.split("\t")[0]);
      expect([line, offered, stderr]).toEqual([line, [got.split(" ").at(-1)], ""]);
    }
  });

  it("offers no verb's flags to another one", async ({ skip }) => {
    expectShell("fish", skip);
    using folder = openTempFolder();
    await prepare(folder.path, "fish");
    const { stdout } = spawnSync(
      "fish",
      ["--no-config", "-c", "source ./script; complete -C 'callreel auth status --read'"],
      {
        cwd: folder.path,
        encoding: "utf8",
      },
    );
    expect(stdout).toBe("");
  });

  it("of an unknown shell is wrong usage", async () => {
    const finished = await run(["completion", "tcsh"]);
    expect([finished.code, finished.out]).toEqual([2, ""]);
    expect(finished.err).toMatch(/bash, zsh or fish/);
  });
});

type Skip = (note: string) => void;

function expectShell(shell: string, skip: Skip): void {
  if (spawnSync(shell, ["-c", "exit 0"]).status !== 0) skip(`Debian's package ${shell} is not installed`);
}

async function prepare(folder: string, shell: string): Promise<void> {
  const { code, out } = await run(["completion", shell]);
  expect(code).toBe(0);
  writeFileSync(join(folder, "script"), out);
  writeFileSync(join(folder, "archive.csv"), "");
}

/** Types into a shell on a terminal of its own and gives what the command was called with, line by line. */
async function typeInto(command: readonly string[], cwd: string, setup: string): Promise<readonly string[]> {
  const child = spawn("script", ["-qfec", command.join(" "), "/dev/null"], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, TERM: "dumb", HISTFILE: "/dev/null" },
  });
  const ended = once(child, "close");
  let screen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
  });
  const got = () => [...screen.matchAll(/^GOT<(.*?) ?>/gm)].map((match) => match[1] as string);
  try {
    child.stdin.write(`${setup}\n`);
    await until(() => /^READY/m.test(screen), `${command[0]} to start: ${screen}`);
    const explain = (error: Error) => {
      throw new Error(`${error.message}; the screen shows ${JSON.stringify(screen.slice(-600))}`);
    };
    for (const [at, [line, words]] of typed.entries()) {
      const before = screen.length;
      child.stdin.write(`${line}\t`);
      await until(() => screen.slice(before).includes(`callreel ${words}`), `"${line}" completed`).catch(explain);
      child.stdin.write("\n");
      await until(() => got().length > at, `an answer to "${line}"`).catch(explain);
    }
    return got();
  } finally {
    child.stdin.end("exit\n");
    const stuck = setTimeout(() => child.kill(), 5000);
    await ended;
    clearTimeout(stuck);
  }
}
