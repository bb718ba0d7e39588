import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openRingCentralWorld, quickBudget } from "./e2e/ringcentral-world.ts";
import { runHere } from "./helpers/run-here.ts";
import { openTempFolder } from "./helpers/temp-folder.ts";

const docs = fileURLToPath(new URL("../src/docs/", import.meta.url));
const pages = readdirSync(docs).filter((name) => name.endsWith(".md"));
const readme = [fileURLToPath(new URL("../README.md", import.meta.url)), ...pages.map((name) => join(docs, name))]
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^ *\`\`\`${language}\n(.*?)^ *\`\`\``, "gms"))].map((match) => match[1] as string);

describe("the README's recipes", () => {
  it("for systemd have no fault that systemd-analyze knows", ({ skip }) => {
    using folder = openTempFolder();
    const [service = "", timer = "", watch = ""] = blocks("ini");
    writeFileSync(join(folder.path, "callreel.service"), service.replace("ExecStart=callreel", "ExecStart=/bin/true"));
    writeFileSync(join(folder.path, "callreel.timer"), timer);
    writeFileSync(join(folder.path, "watch.service"), watch.replace("ExecStart=callreel", "ExecStart=/bin/true"));
    const units = ["callreel.service", "callreel.timer", "watch.service"].map((name) => join(folder.path, name));
    const { error, status, stderr } = spawnSync("systemd-analyze", ["verify", ...units], { encoding: "utf8" });
    if (error !== undefined) skip("Debian's package systemd is not installed");
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.for([
    ["ffmpeg -i - -ar", "ffmpeg"],
    ["ffmpeg -i - -f sox", "sox"],
  ])("that pipe one recording into %s work as they stand", async ([part, tool], { skip }) => {
    if (spawnSync(tool as string, ["--version"]).error !== undefined) skip(`Debian's package ${tool} is not installed`);
    await using world = await openRingCentralWorld({ settings: { limits: quickBudget(100) } });
    const line = blocks("sh")
      .join("\n")
      .split("\n")
      .find((each) => each.includes(`-o - | ${part}`)) as string;
    const bin = join(world.home, "bin");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "callreel"),
      `#!/bin/sh\nexec '${process.execPath}' '${fileURLToPath(new URL("../bin/callreel.js", import.meta.url))}' "$@"\n`,
    );
    chmodSync(join(bin, "callreel"), 0o755);
    for (const { id } of world.rc.recordings().slice(0, 4)) {
      const command = line.replace("401786818008", id);
      rmSync(join(world.home, "call.wav"), { force: true });
      const ran = await shell(`set -o pipefail; ${command}`, world.home, {
        ...world.env,
        PATH: `${bin}:${process.env.PATH}`,
      });
      expect([command, ran]).toEqual([command, expect.objectContaining({ code: 0 })]);
    }
  });

  it("name only flags and verbs that there are", async () => {
    const commands =
      blocks("(?:sh|cron|ini|bat)")
        .join("\n")
        .match(/callreel (?!-|is\b)[a-z]+[^|\n>)]*/g) ?? [];
    expect(commands.length).toBeGreaterThan(15);
    const helps = new Map<string, Awaited<ReturnType<typeof runHere>>>();
    for (const command of commands) {
      const [, verb = ""] = command.split(" ");
      const help = helps.get(verb) ?? (await runHere(["help", verb]));
      helps.set(verb, help);
      const { code, out } = help;
      expect([command, code]).toEqual([command, 0]);
      const flags = command.match(/(?<= )--[a-z][a-z-]+/g) ?? [];
      expect([command, flags.filter((flag) => !out.includes(flag))]).toEqual([command, []]);
    }
  });
});

function shell(line: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; err: string }> {
  const child = spawn("bash", ["-c", line], {
    cwd,
    env: { NO_PROXY: "127.0.0.1", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, err })));
}
