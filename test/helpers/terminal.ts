import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "./bin.ts";

const bin = fileURLToPath(new URL("../../bin/callreel.js", import.meta.url));

/** Runs callreel in a tmux of its own. */
export function openTerminal(args: readonly string[], env: Record<string, string>, skip: (note: string) => void) {
  if (spawnSync("tmux", ["-V"]).status !== 0) skip("Debian's package tmux is not installed");
  const socket = `callreel-e2e-${process.pid}-${performance.now()}`;
  const tmux = (...words: string[]) => execFileSync("tmux", ["-L", socket, ...words], { encoding: "utf8" });
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
  const settings = Object.entries({ ...env, NO_PROXY: "127.0.0.1", LANG: "C.UTF-8" }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const line = `trap : INT; clear; env ${quoted(settings)} ${quoted([process.execPath, bin, ...args])}; echo "=ended $?"; exec cat`;
  tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", line);
  const lines = () =>
    tmux("capture-pane", "-p", "-S", "-")
      .split("\n")
      .map((each) => each.trimEnd());
  const screen = () =>
    tmux("capture-pane", "-p")
      .split("\n")
      .map((each) => each.trimEnd());
  const last = () => lines().find((each) => /=ended \d+$/.test(each));
  const explain = (error: Error): never => {
    throw new Error(`${error.message}; the screen shows\n${lines().join("\n")}`);
  };
  return {
    lines,
    screen,
    ended: () => last() !== undefined,
    code: () => Number(last()?.split("=ended ")[1]),
    /** Waits for the question (its `times`th asking) and answers it. */
    async answer(question: string, text: string, times = 1) {
      const asked = () => lines().join("").split(question).length > times;
      await until(asked, question, undefined, 100).catch(explain);
      if (text !== "") tmux("send-keys", "-l", text);
      tmux("send-keys", "Enter");
    },
    /** Sends a signal to the program. */
    signal(name: NodeJS.Signals) {
      const shell = tmux("display-message", "-p", "#{pane_pid}").trim();
      const [pid] = readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").split(" ");
      process.kill(Number(pid), name);
    },
    key: (name: string) => tmux("send-keys", name),
    type: (text: string) => tmux("send-keys", "-l", text),
    resize: (columns: number, rows: number) => tmux("resize-window", "-x", String(columns), "-y", String(rows)),
    explain,
    [Symbol.dispose]: () => void spawnSync("tmux", ["-L", socket, "kill-server"]),
  };
}
