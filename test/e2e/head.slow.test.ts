import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

it("a head noted after a run is proven after later runs and purges, and not once that past was written anew", async () => {
  await using world = await openTimWorld(3);
  const { env, csv, archive } = world;
  const download = () => runHere(["download", "--rows", csv, "-d", archive, "--json"], { env });
  const verify = (...args: string[]) => runHere(["verify", "-d", archive, ...args], { env });
  const headFile = () => readFileSync(join(archive, ".callreel", "head"), "utf8");

  const { head } = eventsOf((await download()).out).at(-1) as unknown as { head: string };
  expect(headFile()).toBe(`${head}\n`);
  await download();
  const [kept = ""] = [...world.held().keys()];
  expect((await runHere(["purge", "--before", "2100-01-01", "--yes", "-d", archive], { env })).code).toBe(0);
  expect(kept).not.toBe("");

  const proven = await verify("-v", "--head", head);
  expect([proven.code, proven.err]).toEqual([0, expect.stringContaining(`history contains ${head}`)]);
  expect(proven.out.trimEnd().split("\n").at(-1)).toBe(headFile().trimEnd());
  expect((await verify("--head", "0".repeat(64))).code).toBe(6);
  expect((await verify("--head", "soon")).code).toBe(2);

  const database = openSqlite(join(archive, ".callreel", "ledger.db"));
  database.exec("DELETE FROM runs; DELETE FROM audits; DELETE FROM chains");
  database.close();
  const trace = headFile();
  const warned = await runHere(["download", "--rows", csv, "-d", archive], { env });
  expect([warned.code, warned.err]).toEqual([0, expect.stringContaining("names a head that the ledger's history")]);
  expect(headFile()).toBe(trace);
  expect(eventsOf((await verify("--json")).out)).toEqual([
    expect.objectContaining({ kind: "head", key: trace.trim() }),
    expect.objectContaining({ event: "verify-finished", differences: 1 }),
  ]);
  const anew = await verify("--head", head, "--json");
  expect([anew.code, eventsOf(anew.out)]).toEqual([
    6,
    [
      expect.objectContaining({ kind: "head", key: head }),
      expect.objectContaining({ event: "verify-finished", differences: 1 }),
    ],
  ]);
});

it("an older copy of the ledger in place of the newest one is told by the head that was noted, once", async () => {
  await using world = await openTimWorld(3);
  const { env, csv, archive } = world;
  const run = (...args: string[]) => runHere([...args, "-d", archive], { env });
  const ledger = join(archive, ".callreel", "ledger.db");
  await run("download", "--rows", csv);
  copyFileSync(ledger, `${ledger}.old`);
  expect((await run("verify")).code).toBe(0);
  copyFileSync(`${ledger}.old`, ledger);
  rmSync(`${ledger}.old`);
  const found = await run("verify");
  expect([found.code, found.out]).toEqual([
    6,
    expect.stringMatching(/^head: [0-9a-f]{64}: .*older copy of the ledger/),
  ]);
  expect((await run("verify")).code).toBe(0);
});
