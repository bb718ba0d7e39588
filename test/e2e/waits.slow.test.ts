import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openScriptedServer, type Script, type ScriptedAnswer } from "../helpers/scripted-server.ts";
import { openTimWorld } from "./tim-world.ts";

const homes: string[] = [];
afterAll(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

const token = { access_token: "t", token_type: "bearer", expires_in: 3600, scope: "ReadCallLog", owner_id: "1" };
const limits = {
  "x-rate-limit-group": "heavy",
  "x-rate-limit-limit": "1000",
  "x-rate-limit-remaining": "999",
  "x-rate-limit-window": "60",
};
const call = {
  id: "1",
  startTime: new Date(Date.now() - 86_400_000).toISOString(),
  duration: 5,
  recording: { id: "401786810001", type: "Automatic" },
};

/** A RingCentral that answers requests for `where` as told, and all others well. */
function rude(where: "token" | "call-log" | "content", answer: ScriptedAnswer): Script {
  return ({ path }) => {
    if (path.endsWith(where)) return answer;
    if (path.endsWith("token")) return { body: token };
    if (path.endsWith("call-log")) return { headers: limits, body: { records: [call], paging: {}, navigation: {} } };
    return { status: 404, body: {} };
  };
}

function worldOf(origin: string) {
  const home = mkdtempSync(join(tmpdir(), "callreel-waits-"));
  homes.push(home);
  const env = {
    RC_SERVER_URL: origin,
    RC_MEDIA_URL: origin,
    RC_APP_CLIENT_ID: "cid",
    RC_APP_CLIENT_SECRET: "sec",
    RC_USER_JWT: "a.b.c",
    HOME: home,
    XDG_STATE_HOME: join(home, "state"),
    XDG_CONFIG_HOME: join(home, "config"),
  };
  const args = ["download", "-s", "ringcentral", "--from", "3d", "-d", join(home, "a")];
  return { env, args };
}

const hour = { status: 503, headers: { "retry-after": "3600" } };
const century = { status: 503, headers: { "retry-after": "Fri, 01 Jan 2100 00:00:00 GMT" } };
const places = ["token", "call-log", "content"] as const;

describe.concurrent("rows that never come", () => {
  it.each([
    ["download", "SIGTERM", 143],
    ["list", "SIGHUP", 129],
    ["reconcile", "SIGINT", 130],
  ] as const)("from a pipe without a writer do not hold up %s after %s", async (verb, signal, code) => {
    await using world = await openTimWorld(1);
    await runHere(["download", "--rows", world.csv, "-d", world.archive], { env: world.env });
    const pipe = join(world.home, "pipe");
    execFileSync("mkfifo", [pipe]);
    const running = start([verb, "-s", "tim", "--rows", pipe, "-d", world.archive, "-v"], { env: world.env });
    // The pipe stands open in the program by then.
    await until(() => openFilesOf(running.child.pid).includes(pipe), "the pipe");
    running.child.kill(signal);
    expect((await running.finished).code).toBe(code);
  });

  it("are read from a pipe whose writer comes late", async () => {
    await using world = await openTimWorld(5);
    const pipe = join(world.home, "pipe");
    execFileSync("mkfifo", [pipe]);
    const running = start(["download", "--rows", pipe, "-d", world.archive], { env: world.env });
    await until(() => openFilesOf(running.child.pid).includes(pipe), "the pipe");
    const late = '{ head -3 "$1"; sleep 0.3; tail -n +4 "$1"; } > "$2"';
    execFileSync("sh", ["-c", late, "-", world.csv, pipe]);
    expect((await running.finished).code).toBe(0);
    expect(world.held().size).toBe(world.tim.recordings().length);
  });
});

/** What a process has open, as Linux tells it. */
function openFilesOf(pid = 0): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      return [];
    }
  });
}

describe.concurrent("a long Retry-After", () => {
  it.each(places.flatMap((where) => [[where, "an hour", hour] as const, [where, "decades", century] as const]))(
    "of the %s (%s) ends with --max-duration, after one request",
    async (where, _, answer) => {
      await using server = await openScriptedServer(rude(where, answer));
      const { env, args } = worldOf(server.origin);
      const finished = await runHere([...args, "--max-duration", "20s", "-j", "1"], { env });
      expect(finished.code, finished.err).toBe(8);
      expect(finished.err).not.toContain("TimeoutOverflow");
      expect(server.seen.filter(({ path }) => path.endsWith(where))).toHaveLength(1);
    },
  );

  it("is told with the day where it is long, and ends by SIGHUP with 129", async () => {
    await using server = await openScriptedServer(rude("content", century));
    const { env, args } = worldOf(server.origin);
    const running = start([...args, "-j", "1", "--json"], { env });
    await until(() => running.out().includes('"event":"waiting"'), "the wait");
    running.child.kill("SIGHUP");
    const { code, err } = await running.finished;
    expect(code, err).toBe(129);
  });
});
