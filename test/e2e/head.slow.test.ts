import { readFileSync } from "node:fs";
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
  expect((await download()).code).toBe(0);
  const anew = await verify("--head", head, "--json");
  expect([anew.code, eventsOf(anew.out)]).toEqual([
    6,
    [
      expect.objectContaining({ kind: "head", key: head }),
      expect.objectContaining({ event: "verify-finished", differences: 1 }),
    ],
  ]);
});
