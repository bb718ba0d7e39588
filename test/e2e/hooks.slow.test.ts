import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

describe("--exec", () => {
  it("runs once for each finished file, with its fields as variables, and prints nothing to stdout", async () => {
    await using world = await openTimWorld(12);
    const hook = program(
      world,
      "hook",
      'env -0 | grep -z ^CALLREEL_HOOK_ > "$1/seen-$CALLREEL_HOOK_SHA256"; echo said; echo err >&2',
    );
    const { code, out, err } = await download(world, "--exec", `${hook} ${world.home}`, "-v");
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/^said$/m);
    expect(err).toMatch(/^err$/m);
    const seen = readdirSync(world.home).filter((name) => name.startsWith("seen-"));
    expect(seen.length).toBe(finishedIn(world.archive).length);
    for (const name of seen) {
      const fields = new Map(
        readFileSync(join(world.home, name), "utf8")
          .split("\0")
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      expect(readFileSync(fields.get("CALLREEL_HOOK_FILE") as string).length).toBe(
        Number(fields.get("CALLREEL_HOOK_BYTES")),
      );
      expect(fields.get("CALLREEL_HOOK_KEY")).toMatch(/^tim\//);
      expect(fields.get("CALLREEL_HOOK_CONTENT_TYPE")).toMatch(/^audio\//);
      expect(fields.get("CALLREEL_HOOK_START")).toMatch(/^\d{4}-/);
    }
  });

  it("hands a hostile name over as data: no shell reads it, and {} is one argument", async () => {
    await using world = await openTimWorld(6);
    const call = world.tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
    const hostile = `x; touch ${world.home}/owned; $(touch ${world.home}/owned) \`touch ${world.home}/owned\` ' " \u0000 | & * {}`;
    const row = {
      datasource: call.datasource,
      voicelocation: call.voicelocation,
      voicefilename: call.voicefilename,
      name: hostile,
    };
    writeFileSync(world.csv, `${JSON.stringify(row)}\n`);
    const hook = program(
      world,
      "hook",
      'printf "%s" "$CALLREEL_HOOK_NAME" > "$1/name"; printf "%s" "$#" > "$1/count"; test -f "$2"',
    );
    const { code, err } = await download(world, "-o", "{name}.{ext}", "--exec", `${hook} '${world.home}' {}`);
    expect([code, err]).toEqual([0, expect.not.stringContaining("--exec")]);
    expect(readFileSync(join(world.home, "count"), "utf8")).toBe("2");
    expect(readFileSync(join(world.home, "name"), "utf8")).toContain(`$(touch ${world.home}/owned)`);
    expect(existsSync(join(world.home, "owned"))).toBe(false);
  });

  it("reaches a shell with --shell, and none without", async () => {
    await using world = await openTimWorld(4);
    const line = `printf x >> ${world.home}/shell-$((1 + 1))`;
    const without = await download(world, "--exec", line);
    expect([without.code, existsSync(join(world.home, "shell-2"))]).toEqual([0, false]);
    const again = await download(world, "--exec", line, "--shell", "--force-overwrites");
    expect([again.code, readFileSync(join(world.home, "shell-2"), "utf8").length]).toEqual([0, world.held().size]);
  });

  it("keeps secrets, settings and everything else of the environment from the command, but for --exec-env", async () => {
    await using world = await openTimWorld(2);
    const hook = program(world, "hook", 'env > "$1/env"');
    const env = { ...world.env, LEFT: "out", LET_IN: "in", CALLREEL_DEST: world.archive, LC_ALL: "C" };
    const { code } = await runHere(
      ["download", "--rows", world.csv, "--exec", `${hook} ${world.home}`, "--exec-env", "LET_IN"],
      { env },
    );
    expect(code).toBe(0);
    const seen = readFileSync(join(world.home, "env"), "utf8");
    expect(seen).toMatch(/^LET_IN=in$/m);
    expect(seen).toMatch(/^LC_ALL=C$/m);
    expect(seen).not.toMatch(/^(?:LEFT|TIM_|RC_|CALLREEL_(?!HOOK_))/m);
  });

  it.each([
    ["is not there", "no-such-program-here", /--exec: no-such-program-here is not in any folder of PATH/],
    ["is not executable", "/etc/passwd", /--exec: \/etc\/passwd does not exist or is not executable/],
    ["is a folder", "/tmp", /--exec: \/tmp does not exist or is not executable/],
  ])("is wrong usage before anything is fetched when the command %s", async (_, command, says) => {
    await using world = await openTimWorld(3);
    const { code, err } = await download(world, "--exec", command);
    expect([code, world.tim.stats().requests.tim]).toEqual([2, 0]);
    expect(err).toMatch(says);
  });

  it("that fails ends the run with 3, also the next one, until --exec-failed has repeated it", async () => {
    await using world = await openTimWorld(3);
    const held = world.tim.recordings().length;
    const failed = await download(world, "--exec", "false");
    expect(failed.code).toBe(3);
    expect(failed.err).toMatch(/--exec: false exited with 1 for .*\.(wav|mp3)/);
    expect(failed.err).toMatch(/--exec-failed/);
    expect(world.held().size).toBe(held);
    expect((await download(world, "--exec", "true")).code).toBe(3);

    const asked = world.tim.stats().requests.tim;
    const again = await download(world, "--exec", "false", "--exec-failed");
    expect(again.code).toBe(3);
    const seen = program(world, "seen", 'echo "$CALLREEL_HOOK_KEY $CALLREEL_HOOK_FILE" >> "$1/heard"; test -f "$2"');
    const repeated = await download(world, "--exec", `${seen} ${world.home} {}`, "--exec-failed");
    expect(repeated.code).toBe(0);
    expect(readFileSync(join(world.home, "heard"), "utf8").trim().split("\n").length).toBe(held);
    expect(world.tim.stats().requests.tim).toBe(asked);
    expect((await download(world, "--exec", "false")).code).toBe(0);
  });

  it("that never ran, for the run was killed, is owed as well", async () => {
    await using world = await openTimWorld(3);
    const killer = program(world, "killer", "kill -9 $PPID");
    const { csv, archive, env } = world;
    const killed = await run(["download", "--rows", csv, "-d", archive, "--exec", killer], { env });
    expect(killed.signal).toBe("SIGKILL");
    const seen = program(world, "seen", 'echo "$CALLREEL_HOOK_KEY" >> "$1/heard"');
    await download(world, "--exec", `${seen} ${world.home}`);
    expect((await download(world, "--exec", `${seen} ${world.home}`, "--exec-failed")).code).toBe(0);
    const keys = readFileSync(join(world.home, "heard"), "utf8").trim().split("\n");
    expect(new Set(keys).size).toBe(world.tim.recordings().length);
  });

  it("is what --exec-failed wants to be told", async () => {
    await using world = await openTimWorld(1);
    await download(world, "--enqueue-only");
    const { code, err } = await download(world, "--exec-failed");
    expect([code, err]).toEqual([2, expect.stringMatching(/--exec-failed repeats --exec/)]);
  });

  it.each([
    ["SIGTERM", 143, "exec sleep 300"],
    ["SIGHUP", 129, "trap '' TERM HUP INT; while :; do sleep 0.2; done"],
  ] as const)("that never ends is ended some seconds after %s, and owed", async (signal, code, script) => {
    await using world = await openTimWorld(3);
    const hook = program(world, "never", `echo begun >> "$1/begun"; ${script}`);
    const args = ["download", "--rows", world.csv, "-d", world.archive, "--exec", `${hook} ${world.home}`];
    const running = start(args, { env: world.env });
    await until(() => existsSync(join(world.home, "begun")), "the command");
    running.child.kill(signal);
    expect((await running.finished).code).toBe(code);
    const seen = program(world, "seen", 'echo "$CALLREEL_HOOK_KEY" >> "$1/heard"');
    expect((await download(world, "--exec", `${seen} ${world.home}`, "--exec-failed")).code).toBe(0);
    expect(readFileSync(join(world.home, "heard"), "utf8").trim().split("\n").length).toBe(world.held().size);
  });

  it("that is still at work when everything is fetched is ended by a signal, which the exit code tells", async () => {
    await using world = await openTimWorld(1);
    const hook = program(world, "last", 'echo begun >> "$1/begun"; exec sleep 300');
    const args = ["download", "--rows", world.csv, "-d", world.archive, "--json", "--exec", `${hook} ${world.home}`];
    const running = start(args, { env: world.env });
    await until(() => existsSync(join(world.home, "begun")), "the command");
    // The last recording is noted as done by now; the run itself ends a few steps later.
    await setTimeout(500);
    running.child.kill("SIGTERM");
    const { code, out } = await running.finished;
    expect([code, out]).toEqual([143, expect.stringContaining('"stoppedBy":{"code":"interrupted"')]);
    expect((await download(world, "--exec", "true", "--exec-failed")).code).toBe(0);
  });

  it("that leaves a program running in the background is over when it has ended itself", async () => {
    await using world = await openTimWorld(2);
    const hook = program(world, "daemon", 'sleep 300 & echo $! >> "$1/left"; echo said');
    const { code, err } = await download(world, "--exec", `${hook} ${world.home}`, "-v");
    for (const pid of readFileSync(join(world.home, "left"), "utf8").trim().split("\n")) process.kill(Number(pid));
    expect([code, err]).toEqual([0, expect.stringMatching(/^said$/m)]);
  });

  it("with a quote that is never closed is wrong usage before anything is fetched", async () => {
    await using world = await openTimWorld(3);
    const { code, err } = await download(world, "--exec", "sh -c 'x");
    expect([code, world.tim.stats().requests.tim]).toEqual([2, 0]);
    expect(err).toMatch(/quote/);
  });
});

describe("--exec-after", () => {
  it("runs once, after all --exec commands, with the run's counts", async () => {
    await using world = await openTimWorld(8);
    const each = program(world, "each", 'sleep 0.2; echo each >> "$1/order"');
    const after = program(
      world,
      "after",
      'cp "$1/failed" "$1/copied"; echo "after $CALLREEL_HOOK_DONE $CALLREEL_HOOK_FAILED $CALLREEL_HOOK_EXIT_CODE $CALLREEL_HOOK_DEST" >> "$1/order"',
    );
    const { code } = await download(
      world,
      "--exec",
      `${each} ${world.home}`,
      "--exec-after",
      `${after} ${world.home}`,
      "--error-file",
      join(world.home, "failed"),
    );
    expect(readFileSync(join(world.home, "copied"), "utf8")).toBe("");
    expect(code).toBe(0);
    const order = readFileSync(join(world.home, "order"), "utf8").trim().split("\n");
    const held = world.held().size;
    expect(order).toEqual([...Array(held).fill("each"), `after ${held} 0 0 ${world.archive}`]);
  });
});

it("--exec-after that never ends is ended some seconds after a signal", async () => {
  await using world = await openTimWorld(2);
  const hook = program(world, "never", 'echo begun > "$1/begun"; exec sleep 300');
  const args = ["download", "--rows", world.csv, "-d", world.archive, "--exec-after", `${hook} ${world.home}`];
  const running = start(args, { env: world.env });
  await until(() => existsSync(join(world.home, "begun")), "the command");
  running.child.kill("SIGTERM");
  const { code, err } = await running.finished;
  expect(err).toMatch(/--exec-after: \S+ was killed by SIGTERM/);
  expect(code).toBe(0);
});

describe("--ping", () => {
  it.each([
    ["the URL after a good run", {}, [], "/ping/abc", 0],
    ["the URL after a run that a cap ended", {}, ["--max-downloads", "1"], "/ping/abc", 8],
    ["URL/fail after a refused login", { TIM_PASSWORD: "wrong" }, [], "/ping/abc/fail", 7],
    ["URL/fail when the run could not begin", {}, ["-d", "/dev/null/x"], "/ping/abc/fail", 13],
  ])("calls %s", async (_, env, args, path, code) => {
    await using world = await openTimWorld(5);
    await using monitor = await openScriptedServer(() => ({ body: "OK" }));
    const finished = await download(
      { ...world, env: { ...world.env, ...env } },
      "--ping",
      `${monitor.origin}/ping/abc`,
      ...args,
    );
    expect([finished.code, monitor.seen.map((request) => request.url)]).toEqual([code, [path]]);
  });

  it("that is not answered well is a warning, and the run stays good", async () => {
    await using world = await openTimWorld(3);
    await using monitor = await openScriptedServer(() => ({ status: 500 }));
    const refused = await download(world, "--ping", `${monitor.origin}/secret-token`);
    expect(refused.code).toBe(0);
    expect(refused.err).toMatch(/--ping: the monitor answered with HTTP status 500/);
    const nobody = await download(world, "--ping", "http://127.0.0.1:1/secret-token");
    expect([nobody.code, nobody.err]).toEqual([0, expect.stringMatching(/--ping: the monitor could not be reached/)]);
    expect(refused.err + nobody.err).not.toContain("secret-token");
  });
});

function download(world: Pick<TimWorld, "env" | "csv" | "archive">, ...args: string[]) {
  return runHere(["download", "--rows", world.csv, "-d", world.archive, ...args], { env: world.env });
}

function program({ home }: TimWorld, name: string, script: string): string {
  const path = join(home, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
