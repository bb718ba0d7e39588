import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KnownArchive, openKnownArchive } from "../helpers/known-archive.ts";
import { runHere } from "../helpers/run-here.ts";

let archive: KnownArchive;
beforeAll(async () => {
  archive = await openKnownArchive({
    "401": { start: "2026-03-02T09:00:00Z", direction: "inbound", from: "+16505557602", name: "Jürgen Müller" },
    "402": { start: "2026-03-09T09:00:00Z", direction: "outbound", to: "(650) 555-7602", extension: "101" },
    "403": { start: "2026-04-02T09:00:00Z", direction: "inbound", from: "+442071838750", user: "Łucja Nowak" },
    "404": { start: "2026-04-03T09:00:00Z", from: "+442071838759" },
  });
});
afterAll(() => archive[Symbol.asyncDispose]());

async function found(...args: string[]) {
  const { code, out, err } = await runHere(["list", "--archive", "--json", "-d", archive.dest, ...args], { env: {} });
  const ids = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { id: string }).id);
  return { code, ids, err };
}

describe("the archive is searched as people write", () => {
  test.each<[string, string[], string[]]>([
    ["a number in groups, with its code", ["--number", "+1 (650) 555-7602"], ["401", "402"]],
    ["a name without its accents", ["--name", "muller jurgen"], ["401"]],
    ["text in a number", ["--text", "7183"], ["403", "404"]],
    ["a month", ["--month", "2026-03", "--utc"], ["401", "402"]],
    ["ids, in the order given", ["404", "ringcentral/401"], ["404", "401"]],
    ["a contentUri", ["https://media.ringcentral.com/restapi/v1.0/account/1/recording/402/content"], ["402"]],
  ])("by %s", async (_, args, ids) => expect(await found(...args)).toMatchObject({ code: 0, ids }));

  test("and what does not tell what was asked for is told, with 3", async () => {
    expect(await found("--direction", "inbound")).toEqual({
      code: 3,
      ids: ["401", "403"],
      err: expect.stringContaining("1 recording left out: the direction of the call is unknown"),
    });
    expect(await found("--direction", "inbound", "--extension", "101")).toMatchObject({ code: 3, ids: [] });
  });

  test("an id that is not there is 4, words that are none are 2, and so is a search without --archive", async () => {
    expect(await found("999")).toMatchObject({ code: 4, err: expect.stringContaining("999 is not in this archive") });
    expect(await found("--name", "\u0301 ")).toMatchObject({ code: 2 });
    expect((await runHere(["list", "--name", "x", "-d", archive.dest], { env: {} })).code).toBe(2);
  });
});

test("the table has a column of names", async () => {
  const { out } = await runHere(["list", "--archive", "-d", archive.dest], { env: {} });
  expect(out.split("\n")[0]).toMatch(/^START +FROM +TO +NAME +LENGTH +SIZE +FILE$/);
  expect(out).toContain("Jürgen Müller");
});
