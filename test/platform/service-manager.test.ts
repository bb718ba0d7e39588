import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { openServiceManager } from "../../src/platform/service-manager.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

/** A busy machine takes its time for a program or a file. */
const patience = 150_000;

it("is none where nobody asks for messages", () => {
  expect(openServiceManager({}, 1, () => {})).toBeUndefined();
});

it("wants the watchdog's signs only from the process that it watches", () => {
  const env = { NOTIFY_SOCKET: "/run/none", WATCHDOG_USEC: "600000000" };
  expect(openServiceManager(env, 7, () => {})?.watchdogMs).toBe(600_000);
  expect(openServiceManager({ ...env, WATCHDOG_PID: "7" }, 7, () => {})?.watchdogMs).toBe(600_000);
  expect(openServiceManager({ ...env, WATCHDOG_PID: "8" }, 7, () => {})?.watchdogMs).toBeUndefined();
  expect(openServiceManager({ NOTIFY_SOCKET: "/run/none" }, 7, () => {})?.watchdogMs).toBeUndefined();
});

it("gives each line to systemd-notify, with nothing else of the environment, and says once when that fails", async () => {
  using folder = openTempFolder();
  const program = join(folder.path, "systemd-notify");
  writeFileSync(program, `#!/bin/sh\nprintf '%s|' "$@" "$NOTIFY_SOCKET" "$SECRET" >> ${folder.path}/heard\nexit 3\n`);
  chmodSync(program, 0o755);
  const failed = vi.fn();
  const env = { NOTIFY_SOCKET: "/run/one", PATH: `${folder.path}:/usr/bin:/bin`, SECRET: "of nobody's concern" };
  const manager = openServiceManager(env, 1, failed);
  manager?.tell("READY=1", "STATUS=It works.");
  await vi.waitFor(() => expect(failed).toHaveBeenCalledWith("systemd-notify failed (exit 3)"), patience);
  expect(readFileSync(join(folder.path, "heard"), "utf8")).toBe("--|READY=1|STATUS=It works.|/run/one||");
  manager?.tell("WATCHDOG=1");
  const missing = vi.fn();
  openServiceManager({ NOTIFY_SOCKET: "/run/one", PATH: "/nowhere" }, 1, missing)?.tell("READY=1");
  await vi.waitFor(() => expect(missing).toHaveBeenCalledWith("systemd-notify cannot be run (ENOENT)"), patience);
  expect(failed).toHaveBeenCalledTimes(1);
});

it("reaches a listening socket through systemd's own program", async ({ skip }) => {
  for (const tool of [
    ["systemd-notify", "--version"],
    ["socat", "-V"],
  ] as const) {
    if (spawnSync(tool[0], [tool[1]]).error !== undefined) skip(`Debian's package of ${tool[0]} is not installed`);
  }
  using folder = openTempFolder();
  const socket = join(folder.path, "notify");
  const listener = spawn("socat", ["-u", `UNIX-RECVFROM:${socket},fork`, "STDOUT"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    let heard = "";
    listener.stdout.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), patience);
    const env = { NOTIFY_SOCKET: socket, PATH: process.env.PATH };
    openServiceManager(env, process.pid, () => {})?.tell("READY=1", "STATUS=Watching.");
    await vi.waitFor(() => expect(heard).toContain("READY=1\nSTATUS=Watching."), patience);
  } finally {
    listener.kill();
  }
});
