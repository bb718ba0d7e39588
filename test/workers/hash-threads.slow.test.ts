import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "../e2e/tim-world.ts";
import { type Running, run, start, until } from "../helpers/bin.ts";
import { listLoadedModules, loadedModules } from "../helpers/loaded-modules.ts";

/** Of which so many have recordings that threads read them. */
const rows = 800;
/** So few that no thread is started for them. */
const fewRows = 60;
/** What `verify` reads last. */
let last: string[];
let world: TimWorld;
let small: TimWorld;

beforeAll(async () => {
  world = await openTimWorld(rows);
  small = await openTimWorld(fewRows);
  for (const { csv, archive, env } of [world, small])
    expect((await run(["download", "--rows", csv, "-d", archive, "-q"], { env })).code).toBe(0);
  last = inOrder().slice(-20);
  expect(inOrder().length).toBeGreaterThan(256);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await small[Symbol.asyncDispose]();
});

function inOrder({ archive } = world): string[] {
  const ledger = openSqlite(join(archive, ".callreel", "ledger.db"), { readOnly: true });
  const found = ledger.prepare("SELECT path FROM recordings WHERE state = 'done' ORDER BY start, seq").all();
  ledger.close();
  return found.map(({ path }) => join(archive, String(path)));
}

async function verified({ archive, env } = world) {
  const { code, out, err } = await run(["verify", "-d", archive, "--json"], { env });
  const found = eventsOf(out).map(({ event, kind, path, message }) => ({ event, kind, path, message }));
  return { code, err, end: eventsOf(out).at(-1), found: found.filter(({ event }) => event === "finding") };
}

/** Runs `work` while the file holds something else, and puts it back. */
async function beside<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  for (const path of paths) renameSync(path, `${path}.part`);
  try {
    return await work();
  } finally {
    for (const path of paths) {
      rmSync(path, { recursive: true, force: true });
      renameSync(`${path}.part`, path);
    }
  }
}

/** Waits until one of the program's threads has the file open. */
function opened({ child }: Running, path: string): Promise<unknown> {
  const fds = `/proc/${child.pid}/fd`;
  const target = (fd: string) => {
    try {
      return readlinkSync(join(fds, fd));
    } catch {
      return "";
    }
  };
  return until(() => child.exitCode !== null || readdirSync(fds).some((fd) => target(fd) === path), `${path} open`);
}

describe("files that threads read", () => {
  it("are all read, each once", async () => {
    const { code, found, end } = await verified();
    expect([code, found]).toEqual([0, []]);
    const bytes = finishedIn(world.archive).reduce((sum, path) => sum + readFileSync(path).length, 0);
    expect(end).toMatchObject({ files: inOrder().length, bytes, differences: 0 });
  });

  it("are reported where they are lost, changed or no files, by the same words as where no thread is", async () => {
    const tell = async (where: TimWorld) => {
      const paths = inOrder(where).slice(-7);
      const [folder = "", link = "", pipe = "", , flipped = "", grown = "", empty = ""] = paths;
      const { code, found } = await beside(paths, async () => {
        mkdirSync(folder);
        symlinkSync(`${flipped}.part`, link);
        execFileSync("mkfifo", [pipe]);
        const bytes = readFileSync(`${flipped}.part`);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(flipped, bytes);
        writeFileSync(grown, readFileSync(`${grown}.part`));
        appendFileSync(grown, "more");
        writeFileSync(empty, "");
        return verified(where);
      });
      expect(code).toBe(6);
      const words = (path: unknown) => paths.indexOf(join(where.archive, String(path)));
      return found
        .map(({ kind, path, message }) => [
          words(path),
          kind,
          String(message).replaceAll(/\/\S+|[\d,]+(?= bytes?|$)/g, "…"),
        ])
        .sort(([one], [other]) => Number(one) - Number(other));
    };
    const threaded = await tell(world);
    expect(threaded.map(([, kind]) => kind)).toEqual([
      ...["unreadable", "unreadable", "unreadable", "missing", "changed", "changed", "changed"],
    ]);
    expect(threaded).toEqual(await tell(small));
    expect((await verified()).code).toBe(0);
  });

  it("are missing where their folder became a file, and unreadable where it cannot be entered", async () => {
    const [path = ""] = last.slice(-1);
    const folder = dirname(path);
    const gone = inOrder().filter((each) => each.startsWith(`${folder}/`)).length;
    const lost = await beside([folder], async () => {
      writeFileSync(folder, "");
      return verified();
    });
    expect([lost.code, lost.found.filter(({ kind }) => kind === "missing").length]).toEqual([6, gone]);
    const loop = await beside([folder], async () => {
      symlinkSync(folder, folder);
      return verified();
    });
    expect([loop.code, loop.found.filter(({ kind }) => kind === "unreadable").length]).toEqual([6, gone]);
  });

  it("are reported where the disk fails, and the others are read all the same", () => {
    const [bad = ""] = last;
    const fails = ["-f", "-qq", "-o", "/dev/null", "-P", bad, "-e", "inject=read,pread64,preadv:error=EIO"];
    const bin = join(import.meta.dirname, "../../bin/callreel.js");
    const call = [process.execPath, bin, "verify", "-d", world.archive, "--json"];
    const env = { PATH: process.env.PATH, ...world.env };
    const { status, stdout } = spawnSync("strace", [...fails, ...call], { env, encoding: "utf8" });
    const found = eventsOf(stdout);
    expect([status, found.length]).toEqual([6, 2]);
    expect(found[0]).toMatchObject({ kind: "unreadable", message: expect.stringContaining("EIO") });
    expect(found[1]).toMatchObject({ files: inOrder().length, differences: 1 });
  });

  it("have changed where one shrinks while it is read", async () => {
    const [path = ""] = last;
    const told = await beside([path], async () => {
      writeFileSync(path, "");
      truncateSync(path, 2 ** 42);
      const running = start(["verify", "-d", world.archive, "--json"], { env: world.env });
      await opened(running, path);
      truncateSync(path, 10);
      return running.finished;
    });
    expect(told.code).toBe(6);
    expect(eventsOf(told.out)[0]).toMatchObject({ kind: "changed", message: expect.stringContaining("instead of") });
    expect(eventsOf(told.out).at(-1)).toMatchObject({ files: inOrder().length, differences: 1 });
  });

  it("are left at once on Ctrl-C, however large; what was found by then is told, and nothing is called unchanged", async () => {
    const [lost = ""] = inOrder();
    const [huge = ""] = last;
    const told = await beside([lost, huge], async () => {
      writeFileSync(huge, "");
      truncateSync(huge, 2 ** 42);
      const running = start(["verify", "-d", world.archive, "--json"], { env: world.env });
      await opened(running, huge);
      running.child.kill("SIGINT");
      return running.finished;
    });
    expect(told.code).toBe(130);
    expect(eventsOf(told.out).map(({ event, kind }) => [event, kind])).toEqual([["finding", "missing"]]);
    expect((await verified()).code).toBe(0);
  });

  it.each([
    [fewRows, false],
    [rows, true],
  ])("are read by threads where there are many: %i", async (of, threads) => {
    const { archive, env } = of === rows ? world : small;
    const { code, err } = await run(["verify", "-d", archive, "-q"], {
      env: { ...env, NODE_OPTIONS: `--import ${listLoadedModules}` },
    });
    const loaded = loadedModules(err);
    expect([code, loaded.some((url) => url.endsWith("/hash-worker.js"))]).toEqual([0, threads]);
    // Nothing here is a date that somebody gave.
    expect(loaded.filter((url) => url.includes("temporal-polyfill"))).toEqual([]);
  });
});
