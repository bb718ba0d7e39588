import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

interface Held {
  readonly id: string;
  readonly call: { readonly start: string; readonly duration: number; readonly from?: string; readonly to?: string };
}

test("rows are held against the calls that the archive knows: written otherwise they are the same, of another day they are told", async () => {
  const data = { recordings: 6, layout: "plain" as const, days: 2, seconds: [2, 4] as const };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(50) } });
  const { env, archive, home } = world;
  const rc = ["-s", "ringcentral", "-d", archive, "--json"];
  expect((await runHere(["download", ...rc, "--from", "40d"], { env })).code).toBe(0);
  const held = eventsOf(
    (await runHere(["list", "-s", "ringcentral", "--from", "40d", "--json"], { env })).out,
  ) as unknown as Held[];
  const csv = join(home, "calls.csv");
  const download = async (lines: readonly string[], ...more: string[]) => {
    writeFileSync(csv, `recordingId,startTime,duration,from,to\n${lines.join("\n")}\n`);
    return await runHere(["download", ...rc, "--rows", csv, ...more], { env });
  };
  const row = ({ id, call }: Held, shiftMs = 0, from = call.from) => {
    const start = new Date(Date.parse(call.start) + shiftMs + 2 * 3_600_000).toISOString().replace(/\.\d+Z$/, "+02:00");
    return `${id},${start},${call.duration + 1},${(from ?? "").replace("+", "00")},${call.to ?? ""}`;
  };
  const same = await download(held.map((each) => row(each)));
  expect([same.code, same.err]).toEqual([0, expect.not.stringContaining("another call")]);

  const [first, second, ...others] = held as [Held, Held, ...Held[]];
  const wrong = [
    row(first, 86_400_000),
    row(second, 0, "+15550000001").replace(/,[^,]*$/, ","),
    ...others.map((each) => row(each)),
  ];
  const told = await download(wrong);
  expect(told.code).toBe(2);
  expect(told.err).toMatch(
    /calls\.csv:2: names recording \d+, which the archive knows of another call: this one began/,
  );
  expect(told.err).toMatch(/calls\.csv:3: .*no number in common/);
  expect(eventsOf(told.out).at(-1)).toMatchObject({ rejected: 2, reasons: { done: others.length } });
  const compared = await runHere(["reconcile", ...rc, "--rows", csv], { env });
  expect([compared.code, compared.err]).toEqual([
    2,
    expect.stringContaining("which the archive knows of another call"),
  ]);

  expect((await download(wrong, "--force-overwrites")).code).toBe(0);
  expect((await download(wrong)).code).toBe(0);
});

test("the rows of a TIM export never contradict themselves, with and without their columns", async () => {
  await using world = await openTimWorld(60);
  const { env, archive, csv } = world;
  const args = ["download", "-s", "tim", "--rows", csv, "-d", archive];
  expect((await runHere(args, { env })).code).toBe(0);
  expect((await runHere(args, { env })).code).toBe(0);
  const few = await runHere([...args, "--columns", "datasource,voicelocation,voicefilename"], { env });
  expect([few.code, few.err]).toEqual([expect.any(Number), expect.not.stringContaining("another call")]);
});
