import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openTimWorld } from "./tim-world.ts";

/** An archive of two recordings, one of which has no start that anybody knows. */
async function openHalfDatedWorld() {
  const world = await openTimWorld(3);
  const [first, second] = [...new Map(world.tim.recordings().map((call) => [call.voicefilename, call])).values()];
  const rows = [first, second].map((call, at) => {
    return `${call?.datasource},${call?.voicelocation},${call?.voicefilename},${at === 0 ? "2026-11-01 10:00:00" : ""}\n`;
  });
  writeFileSync(world.csv, `datasource,voicelocation,voicefilename,start\n${rows.join("")}`);
  const fetched = await runHere(["download", "--rows", world.csv, "-d", world.archive], { env: world.env });
  expect(fetched.code).toBe(0);
  return world;
}

test("list, export and purge tell what a window leaves out because its start is unknown", async () => {
  await using world = await openHalfDatedWorld();
  const { env, archive, home } = world;
  const told = /1 recording left out: the start of the call is unknown/;
  const listed = await runHere(["list", "--archive", "--json", "-d", archive, "--from", "2020-01-01"], { env });
  expect([listed.code, listed.out.trim().split("\n").length, listed.err]).toEqual([3, 1, expect.stringMatching(told)]);
  const all = await runHere(["list", "--archive", "--json", "-d", archive], { env });
  expect([all.code, all.out.trim().split("\n").length]).toEqual([0, 2]);
  const bag = join(home, "bag");
  const exported = await runHere(["export", "--bagit", bag, "-d", archive, "--from", "2020-01-01"], { env });
  expect([exported.code, exported.err]).toEqual([3, expect.stringMatching(told)]);
  const tried = await runHere(["purge", "-d", archive, "--before", "2027-01-01"], { env });
  expect([tried.code, tried.err]).toEqual([3, expect.stringMatching(told)]);
  const purged = await runHere(["purge", "-d", archive, "--before", "2027-01-01", "--yes"], { env });
  expect([purged.code, purged.err]).toEqual([3, expect.stringMatching(told)]);
});
