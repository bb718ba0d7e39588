import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { wrapped } from "../../src/core/width.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

const script = new URL("scripted-run.js", import.meta.url).pathname;
const hasTmux = spawnSync("tmux", ["-V"]).status === 0;
/** A server for each test: one that is going down would still answer on its socket. */
let socket = "";
const tmux = (...args: string[]) => execFileSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });
const screen = () =>
  tmux("capture-pane", "-p")
    .split("\n")
    .map((line) => line.trimEnd());
/** Everything there ever was, with folded lines joined again. */
const history = () =>
  tmux("capture-pane", "-p", "-J", "-S", "-")
    .split("\n")
    .map((line) => line.trimEnd());
const resize = (columns: number, rows: number) => tmux("resize-window", "-x", String(columns), "-y", String(rows));

const totalRows = (lines: string[]) => lines.filter((line) => /\d+\/\d+/.test(line) && line.includes("%"));
const fileRows = (lines: string[]) => lines.filter((line) => line.startsWith("  2026-01-31"));
const messages = (lines: string[]) => lines.filter((line) => /^(callreel: warning:|long |log line)/.test(line));

/** The first number of each batch that ran. */
const batches = (lines: string[], size: number) =>
  Array.from({ length: lines.filter((line) => line.startsWith("log line")).length }, (_, batch) => batch * size);

function run(columns: number, rows: number, transfers: number, stepMs: number, end: string): void {
  socket = `callreel-test-${process.pid}-${performance.now()}`;
  const command = `clear; ${process.execPath} ${script} ${transfers} ${stepMs} ${end}; echo ended; exec cat`;
  tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), `sh -c '${command}'`);
}

/** A frame that is being drawn at this moment is not; what is left behind or garbled for good never is. */
const isWhole = (lines: string[]) =>
  totalRows(lines).length === 1 &&
  fileRows(lines).length <= 21 &&
  fileRows(lines).every((line) => /^ {2}2026-01-31 14:03 \[2J\+4930\d+ {2}→ .* [█░]{10} \d/.test(line));

const seen = (probe: () => boolean) => expect.poll(probe, { interval: 50 }).toBe(true);
const ended = () => seen(() => screen().includes("ended"));

describe.skipIf(!hasTmux)(
  hasTmux ? "in a real terminal" : "in a real terminal (skipped: tmux is not installed)",
  () => {
    afterEach(() => {
      spawnSync("tmux", ["-L", socket, "kill-server"]);
    });

    test("more transfers than rows: one total, at most rows - 3 recordings, no line garbled or lost", async () => {
      using folder = openTempFolder();
      const end = join(folder.path, "end");
      run(80, 24, 40, 120, end);
      await seen(() => fileRows(screen()).length === 21);
      for (let look = 0; look < 8; look += 1) {
        await seen(() => isWhole(screen()));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      writeFileSync(end, "");
      await ended();
      const lines = history().filter((line) => line !== "");
      const firsts = batches(lines, 40);
      expect(messages(lines)).toEqual(
        firsts.flatMap((first) => [
          ...wrapped(`callreel: warning: batch ${first} ${"long ".repeat(25)}end`, 80).split("\n"),
          `log line ${first}`,
        ]),
      );
      expect(lines.at(-2)).toMatch(new RegExp(`^Done in .*: ${firsts.length * 40} recordings \\(.* MiB\\)\\.$`));
      expect([...totalRows(lines), ...fileRows(lines)]).toEqual([]);
      expect(tmux("display-message", "-p", "#{cursor_flag} #{wrap_flag}").trim()).toBe("1 1");
    });

    test("made narrower, lower, wider and higher in mid-run: always one total, nothing left behind", async () => {
      using folder = openTempFolder();
      const end = join(folder.path, "end");
      run(80, 24, 4, 130, end);
      await seen(() => fileRows(screen()).length === 4);
      for (const [columns, rows] of [
        [64, 24],
        [40, 24],
        [40, 8],
        [120, 30],
        [80, 24],
      ] as const) {
        resize(columns, rows);
        await seen(() => totalRows(screen()).length === 1 && fileRows(screen()).length === Math.min(4, rows - 3));
        // Past several frames: a wrong count of lines would have left copies by now.
        await new Promise((resolve) => setTimeout(resolve, 350));
        await expect.poll(() => totalRows(screen()).length, { message: `${columns}x${rows}` }).toBe(1);
      }
      writeFileSync(end, "");
      await ended();
      const lines = screen();
      expect([...totalRows(lines), ...fileRows(lines)]).toEqual([]);
      const said = messages(history()).filter((line) => line.startsWith("log line"));
      expect(said).toEqual(batches(said, 4).map((first) => `log line ${first}`));
    });
  },
);
