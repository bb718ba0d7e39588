import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callsCsv } from "../../src/sandbox/tim/calls-csv.ts";
import { eventsOf, openTimWorld, type TimWorld } from "../e2e/tim-world.ts";
import { cleanEnv, type Finished, run, start, until } from "../helpers/bin.ts";

type Told = Pick<Finished, "code" | "out" | "err">;

const bin = join(import.meta.dirname, "../../bin/callreel.js");
/** With so many of these, rows are worth a thread. */
const fillers = 2_100;
const note = "x".repeat(8_000);
const filler = `3,4,,2026-11-28 10:00:00,,,,${note},in\r\n`;
const filling = filler.repeat(fillers);

let world: TimWorld;
let large: string;
let place: readonly string[];

beforeAll(async () => {
  world = await openTimWorld(60);
  large = join(world.home, "large.csv");
  place = ["-d", world.archive];
  const { code } = await run(["download", "--rows", world.csv, "-d", world.archive, "-q"], { env: world.env });
  expect(code).toBe(0);
});

afterAll(() => world[Symbol.asyncDispose]());

const head = callsCsv([]);
const rows = () => callsCsv(world.tim.rows()).slice(head.length);

/** What rows come to where a thread reads them, and where there is one core, and so none. */
async function bothWays(text: string, args: readonly string[], env = world.env) {
  writeFileSync(large, text);
  const call = [...args, "--rows", large];
  return [told(await run(call, { env })), told(await onOneCore(call, env))] as const;
}

function onOneCore(args: readonly string[], env: Record<string, string>): Promise<Told> {
  const core = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const command = ["-c", core, process.execPath, bin, ...args];
  return new Promise((resolve) => {
    const options = { env: { ...cleanEnv, ...env }, maxBuffer: 2 ** 26 };
    const child = execFile("taskset", command, options, (_, out, err) => resolve({ code: child.exitCode, out, err }));
  });
}

async function records() {
  return eventsOf((await run(["audit", "-d", world.archive, "--json"], { env: world.env })).out);
}

/** Without times and names of runs. */
function told({ code, out, err }: Told) {
  const plain = (text: string) => text.replaceAll(/\b[\d.]+ (?:ms|s)\b|(?<=Head )\w+/g, "…");
  const events = out.startsWith("{") ? eventsOf(plain(out)) : [];
  const lasting = events.map(({ time, runId, head, durationMs, listingMs, ms, ...rest }) => rest);
  return { code, out: events.length > 0 ? lasting : plain(out), err: plain(err) };
}

describe("rows of large files, read in a thread", () => {
  it("come to the same as without one: what is held, what conflicts, what cannot be read, and what has no recording", async () => {
    const [{ datasource, voicelocation, voicefilename } = {} as never] = world.tim.recordings();
    const id = [datasource, voicelocation, voicefilename].join(",");
    const odd = [
      `${id},2001-01-01 10:00:00,60,,,,in`,
      `3,4,N1,2026-11-28 10:00:00,60,,,,in`,
      `3,4,N1,2026-10-28 10:00:00,60,,,,in`,
      "3,4,2.02601E+16,,,,,,",
      "3,4",
      "3,4,N2,0001-01-01 00:00:00,60,,,,in",
      "3,4,N3,29/31/2026,60,,,,in",
    ];
    const text = `${head}${rows()}${filling}${odd.join("\r\n")}\r\n${rows()}`;
    for (const args of [["--json"], [], ["--json", "--number", "0207"], ["--row-dates", "mdy"]]) {
      const [threaded, plain] = await bothWays(text, ["reconcile", ...args, ...place, "--from", "2000-01-01"]);
      expect(threaded).toEqual(plain);
      expect([args, threaded.code]).toEqual([args, 2]);
      expect(threaded.err).toMatch(/names recording N1 like an earlier row/);
    }
    const other = `${head}${id},2001-01-01 10:00:00,60,,,,in\r\n${filling}`;
    const [threaded, plain] = await bothWays(other, ["download", "--json", ...place]);
    expect(threaded).toEqual(plain);
    expect(threaded.err).toMatch(/which the archive knows of another call/);
  });

  it("come to the same as JSON, and as an error file, whose recordings are asked for again though they are gone", async () => {
    const { out } = await run(["list", "--rows", world.csv, "--json"], { env: world.env });
    const failed = eventsOf(out).map((row) => JSON.stringify({ ...row, code: "reset", message: note }));
    const lines = Array.from({ length: Math.ceil(fillers / failed.length) }, () => failed).flat();
    const [threaded, plain] = await bothWays(`${lines.join("\n")}\n`, ["reconcile", "--json", ...place]);
    expect(threaded).toEqual(plain);
    expect([threaded.code, threaded.out.length]).toEqual([0, 1]);

    await using other = await openTimWorld(12);
    const gone = other.tim.recordings()[0]?.voicefilename ?? "";
    other.tim.settings.faults = [{ on: "echo", do: "status", status: 404, recording: gone, times: 0 }];
    const call = (file: string) => ["download", "--rows", file, "-d", other.archive];
    expect((await run(call(other.csv), { env: other.env })).code).toBe(3);
    other.tim.settings.faults = [];
    const known = eventsOf((await run(["list", "--rows", other.csv, "--json"], { env: other.env })).out);
    const again = JSON.stringify({ ...known.find(({ id }) => id === gone), code: "gone", message: note });
    writeFileSync(large, `${again}\n`.repeat(fillers));
    const { code } = await run(call(large), { env: other.env });
    expect([code, other.held().has(gone)]).toEqual([0, true]);
  });

  it("end in the same way where a quote stays open, a second table begins, no row can be read, or a login is missing", async () => {
    const bad = filling.replaceAll("3,4,,", "3.0,4,N,");
    const { TIM_URL: _, ...without } = world.env;
    const cases = [
      [`${head}${filling}3,4,"N1`, world.env],
      [`${head}${filling}recordingId,contentUri,startTime\r\n`, world.env],
      [`${head}${bad}`, world.env],
      [`${head}${filling}`, { ...without, RC_ACCESS_TOKEN: "token" }],
    ] as const;
    for (const [text, env] of cases) {
      const [threaded, plain] = await bothWays(text, ["reconcile", "--json", ...place], env as Record<string, string>);
      expect(threaded).toEqual(plain);
      expect(threaded.code).toBe(2);
      expect(threaded.err).not.toMatch(/\n\s+at /);
    }
  });

  it("are not taken for all there are where the thread ends early: the run fails, and vouches for no list", async () => {
    writeFileSync(large, `${head}${rows()}${filling}`);
    const dying = `
      import { isMainThread, parentPort, workerData } from "node:worker_threads";
      if (!isMainThread && workerData?.files) {
        const post = parentPort.postMessage;
        parentPort.postMessage = (news) => {
          post.call(parentPort, news);
          process.exit(0);
        };
      }`;
    const env = { ...world.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(dying)}` };
    const before = await records();
    for (const command of ["download", "reconcile"]) {
      const { code, err } = await run([command, "--rows", large, "-d", world.archive], { env });
      expect([code, err]).toEqual([1, expect.stringContaining("The thread that reads rows ended by itself.")]);
    }
    const [ended, ...others] = (await records()).slice(before.length);
    expect(ended).toMatchObject({ action: "run", result: { exitCode: 1, stoppedBy: { code: "bug" } } });
    expect([ended?.listed, others]).toEqual([undefined, []]);
  });

  it("fail the run, with a reason, where the thread fails", async () => {
    writeFileSync(large, `${head}${filling}`);
    const failing = `
      import { isMainThread, workerData } from "node:worker_threads";
      if (!isMainThread && workerData?.files) throw new RangeError("no room");`;
    const env = { ...world.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(failing)}` };
    const { code, err } = await run(["reconcile", "--rows", large, ...place], { env });
    expect([code, err]).toEqual([1, expect.stringContaining("no room")]);
  });

  it("are left on Ctrl-C while they are read, and the next run brings all", async () => {
    await using other = await openTimWorld(40, { faults: [{ on: "tim", do: "delay", ms: 3_000, from: 12, times: 0 }] });
    const { tim, env, archive } = other;
    writeFileSync(large, `${callsCsv(tim.rows())}${filling}${callsCsv(tim.rows()).slice(head.length)}`);
    const call = ["download", "--rows", large, "-d", archive];
    const running = start([...call, "--json"], { env });
    await until(() => running.out().includes("recording-done"), "the first recording");
    running.child.kill("SIGINT");
    expect((await running.finished).code).toBe(130);
    tim.settings.faults = [];
    expect((await run(call, { env })).code).toBe(0);
    expect(other.held().size).toBe(tim.recordings().length);
  });

  it("are read without one where they come through a named pipe", async () => {
    const pipe = join(world.home, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reading = run(["reconcile", "--json", "--rows", pipe, ...place], { env: world.env });
    writeFileSync(pipe, `${head}${rows()}`);
    const { code, out } = await reading;
    expect([code, eventsOf(out)]).toEqual([
      0,
      [
        expect.objectContaining({
          recordings: new Set(world.tim.recordings().map(({ voicefilename }) => voicefilename)).size,
        }),
      ],
    ]);
  });
});
