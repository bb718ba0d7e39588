import { existsSync, readdirSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { openTimWorld } from "./tim-world.ts";

it.each(["deleted", "moved aside"])(
  "a ledger that is %s while a run works ends it with 13, never with done",
  async (how) => {
    await using world = await openTimWorld(8, { echo: { bytesPerSecond: 40_000 } }, { seconds: [4, 4] });
    const { archive, env, csv } = world;
    const running = start(["download", "--rows", csv, "-d", archive], { env });
    const partial = join(archive, ".callreel", "partial");
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    const ledger = join(archive, ".callreel", "ledger.db");
    if (how === "deleted") for (const suffix of ["", "-wal", "-shm"]) rmSync(ledger + suffix, { force: true });
    else renameSync(ledger, join(world.home, "ledger.db"));
    const { code, err } = await running.finished;
    expect([code, err]).toEqual([13, expect.stringContaining("was deleted, emptied or replaced while it was in use")]);
    expect(err).not.toMatch(/\n\s+at /);
  },
);

it("an empty ledger beside a full archive is refused with 13 until it is made anew", async () => {
  await using world = await openTimWorld(6);
  const { archive, env, csv } = world;
  const fetch = ["download", "--rows", csv, "-d", archive, "--write-info-json"];
  expect([0, 2]).toContain((await run(fetch, { env })).code);
  const ledger = join(archive, ".callreel", "ledger.db");
  for (const suffix of ["-wal", "-shm"]) rmSync(ledger + suffix, { force: true });
  truncateSync(ledger);
  for (const args of [fetch, ["verify", "-d", archive], ["purge", "x", "-d", archive]]) {
    const refused = await run(args, { env });
    expect([refused.code, refused.err]).toEqual([13, expect.stringContaining("verify --rebuild")]);
  }
  expect((await run(["verify", "-d", archive, "--rebuild"], { env })).code).toBe(0);
  expect([0, 2]).toContain((await run(fetch, { env })).code);
});
