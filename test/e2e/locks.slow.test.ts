import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { type Running, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { ask, cookieOf, json } from "../player/played-archive.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

interface Serving extends AsyncDisposable {
  readonly running: Running;
  /** Status of the listing, and how many recordings it has. */
  listing(query?: string): Promise<{ status: number; count: number | undefined }>;
  /** Status of a recording. */
  play(key: string): Promise<number>;
}

async function serve({ archive, env }: TimWorld, ...args: string[]): Promise<Serving> {
  const running = start(["serve", "--port", "0", "-d", archive, ...args], { env });
  const entrance = await until(() => /^(http\S+)\n/.exec(running.out())?.[1], "the address");
  const { origin, pathname, search } = new URL(entrance);
  const headers = { cookie: cookieOf(await ask(origin, pathname + search)) };
  return {
    running,
    async listing(query = "") {
      const answer = await ask(origin, `/api/recordings${query}`, { headers });
      const { recordings } = json<{ recordings?: unknown[] }>(answer);
      return { status: answer.status ?? 0, count: recordings?.length };
    },
    play: async (key) => (await ask(origin, `/r/${key}`, { headers: { ...headers, range: "bytes=0-1" } })).status ?? 0,
    async [Symbol.asyncDispose]() {
      running.child.kill("SIGTERM");
      await running.finished;
    },
  };
}

async function openHeld(): Promise<TimWorld> {
  const world = await openTimWorld(5);
  expect((await runHere(["download", "--rows", world.csv, "-d", world.archive], { env: world.env })).code).toBe(0);
  return world;
}

const remove = (...files: string[]) => {
  for (const file of files) rmSync(file, { force: true });
};
const ledgerOf = ({ archive }: TimWorld) => join(archive, ".callreel", "ledger.db");

describe("while serve has the ledger open", () => {
  it("verify --rebuild is refused with 11, says by whom, and works once serve has ended", async () => {
    await using world = await openHeld();
    const rebuild = () => runHere(["verify", "--rebuild", "-d", world.archive], { env: world.env });
    {
      await using player = await serve(world);
      const refused = await rebuild();
      expect([refused.code, refused.err]).toEqual([
        11,
        expect.stringContaining(`in use by PID ${player.running.child.pid}`),
      ]);
      expect(readdirSync(join(world.archive, ".callreel")).filter((name) => name.includes("aside"))).toEqual([]);
      expect(await player.listing()).toEqual({ status: 200, count: 5 });
      const waiting = start(["verify", "--rebuild", "--lock-wait", "1m", "-d", world.archive], { env: world.env });
      await until(() => readdirSync(join(world.archive, ".callreel")).includes("lock.json"), "the archive's lock");
      player.running.child.kill("SIGTERM");
      expect((await waiting.finished).code).toBe(0);
    }
    expect((await rebuild()).code).toBe(0);
  });

  it.each([
    ["moved aside", (file: string) => renameSync(file, `${file}.old`)],
    ["deleted", (file: string) => remove(...["", "-wal", "-shm"].map((end) => file + end))],
    ["emptied", (file: string) => truncateSync(file)],
    [
      "replaced by its own copy",
      (file: string) => {
        copyFileSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
    ],
  ])("a ledger that is %s makes errors of its lists, its search and its recordings", async (_, lose) => {
    await using world = await openHeld();
    const [first] = eventsOf(
      (await runHere(["list", "--archive", "--json", "-d", world.archive], { env: world.env })).out,
    );
    await using player = await serve(world);
    expect(await player.listing()).toEqual({ status: 200, count: 5 });
    expect(await player.play(String(first?.key))).toBe(206);
    lose(ledgerOf(world));
    expect(await player.listing()).toEqual({ status: 500, count: undefined });
    expect(await player.listing("?text=nobody")).toEqual({ status: 500, count: undefined });
    expect(await player.play(String(first?.key))).toBe(500);
    expect(player.running.err()).toContain("was deleted, emptied or replaced while in use");
  });
});

describe("verify while a download is at work", () => {
  it("takes a file that stands there before its entry does for no stranger's", async () => {
    await using world = await openTimWorld(5, { echo: { bytesPerSecond: 1_000 } }, { seconds: [4, 4] });
    const { archive, env, csv, tim } = world;
    const running = start(["download", "--rows", csv, "-d", archive], { env });
    const partial = join(archive, ".callreel", "partial");
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    // Whoever holds this lets nobody else commit.
    const held = openSqlite(ledgerOf(world));
    held.exec("BEGIN IMMEDIATE");
    tim.settings.echo.bytesPerSecond = 40_000;
    await until(() => finishedIn(archive).length > 0, "a finished file");
    const verifying = start(["verify", "-d", archive], { env });
    await until(() => verifying.err().includes("not recorded yet") || verifying.out() !== "", "the end of the look");
    held.exec("ROLLBACK");
    held.close();
    const verified = await verifying.finished;
    expect([verified.code, verified.out]).toEqual([0, ""]);
    expect((await running.finished).code).toBe(0);
    const after = await runHere(["verify", "-d", archive], { env });
    expect([after.code, after.err]).toEqual([0, expect.not.stringContaining("not recorded yet")]);
  });

  it("finds nothing however often it looks, but a file that was there before", async () => {
    await using world = await openTimWorld(60, { echo: { bytesPerSecond: 60_000 } }, { seconds: [3, 3] });
    const { archive, env, csv } = world;
    const running = start(["download", "--rows", csv, "-d", archive], { env });
    let ended = false;
    running.finished.then(() => (ended = true));
    await until(() => existsSync(archive) && finishedIn(archive).length > 0, "a finished file");
    while (!ended) {
      const { code, out } = await runHere(["verify", "-d", archive], { env });
      expect([code, out]).toEqual([0, ""]);
    }
    const stray = join(archive, "stray.wav");
    copyFileSync(finishedIn(archive)[0] ?? "", stray);
    const { code, out } = await runHere(["verify", "-d", archive], { env });
    expect([code, out]).toEqual([6, expect.stringMatching(/^unknown-file: stray\.wav: .*\n$/)]);
  });
});

it("a download that was stopped past its lease drops what it has of a recording that a player has fetched meanwhile", async () => {
  await using world = await openTimWorld(1, { echo: { bytesPerSecond: 1_000 } }, { seconds: [4, 4] });
  const { archive, env, csv, tim } = world;
  const [row] = tim.rows();
  const key = ["tim", row?.datasource, row?.voicelocation, row?.voicefilename].join("/");
  const running = start(["download", "--rows", csv, "-d", archive, "--lease", "1s", "--json"], { env });
  const partial = join(archive, ".callreel", "partial");
  const parts = () => (existsSync(partial) ? readdirSync(partial) : []);
  await until(() => parts().some((name) => name.endsWith(".part")), "a part");
  running.child.kill("SIGSTOP");
  tim.settings.echo.bytesPerSecond = 40_000;
  {
    await using player = await serve(world, "--lease", "1s");
    // A listener's fetch goes on after it was heard.
    while ((await player.listing()).count === 0) await player.play(key);
    const held = [...world.held().values()];
    expect(held.length).toBe(1);
    running.child.kill("SIGCONT");
    const { code, out } = await running.finished;
    expect(code).toBe(0);
    expect(eventsOf(out)).toContainEqual(expect.objectContaining({ event: "recording-skipped", reason: "done" }));
    expect(eventsOf(out).some(({ event }) => event === "recording-done")).toBe(false);
    expect([...world.held().values()]).toEqual(held);
    expect(await player.listing()).toEqual({ status: 200, count: 1 });
  }
  expect(parts()).toEqual([]);
  expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  const again = await runHere(["download", "--rows", csv, "-d", archive], { env });
  expect([again.code, world.held().size]).toEqual([0, 1]);
});
