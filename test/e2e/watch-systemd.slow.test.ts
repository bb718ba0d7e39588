import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";

const has = (program: string) => spawnSync(program, ["--version"]).error === undefined;
/** Prints each message. It takes no descriptors, so that systemd-notify sees its barrier lifted as by systemd. */
const listener =
  '$| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])); print "$m\\n" while defined(recv(S, $m, 65536, 0));';
const page = readFileSync(new URL("../../src/docs/watching.md", import.meta.url), "utf8");
const [, unit = ""] = /```ini\n([\s\S]*?)```/.exec(page) ?? [];

test.skipIf(!has("systemd-notify") || !has("perl"))(
  "a service manager hears from watch that it is ready, that it lives, how it fares, and that it ends",
  async () => {
    const data = { recordings: 1, layout: "plain" as const, seconds: [1, 2] as const };
    await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(60) } });
    const socket = join(world.home, "notify");
    const manager = spawn("perl", ["-MSocket", "-e", listener, socket], { stdio: ["ignore", "pipe", "ignore"] });
    let heard = "";
    manager.stdout.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    try {
      await until(() => existsSync(socket), "the socket");
      const env = { ...world.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000000" };
      const watching = start(["watch", "-s", "ringcentral", "-d", world.archive, "--every", "200ms"], { env });
      await until(() => /READY=1\nSTATUS=Watching\./.test(heard), "READY=1");
      await until(() => /WATCHDOG=1\nSTATUS=Watching; last look \d{4}-/.test(heard), "a look");
      watching.child.kill("SIGTERM");
      expect(await watching.finished).toMatchObject({ code: 0, err: expect.not.stringContaining("systemd-notify") });
      await until(() => heard.includes("STOPPING=1"), "the end");
    } finally {
      manager.kill();
    }
  },
);

test.skipIf(!has("systemd-analyze"))("systemd takes the unit of the guide as it stands", () => {
  using folder = openTempFolder();
  const path = join(folder.path, "callreel-watch.service");
  // Only the program is not where systemd looks for it here.
  writeFileSync(path, unit.replace("ExecStart=callreel", `ExecStart=${process.execPath}`));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
  const told = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("callreel-watch"));
  expect([status, told, unit]).toEqual([0, [], expect.stringMatching(/Type=notify\n[\s\S]*WatchdogSec=/)]);
});
