import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import { run } from "../helpers/bin.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openRingCentralSystem, openTimSystem, type System } from "./two-systems.ts";

const ids = ["501", "502", "503", "504"];
const soundOf = (id: string) => wav({ tag: 1, seconds: 100, seed: Number(id) });
/** A part that is shorter than this is not continued. */
const overlap = 64 * 1024;

/** Enough for the program to read what it was sent: a reset takes back what it has not read. */
const readMs = 2_000;

/** Bytes that came of each recording; what a reset took back on the way did not, as the next request tells. */
function openCount(overlaps: boolean) {
  const came = new Map<string, number>();
  const before = new Map<string, { first: number; end: number }>();
  return {
    of: (id: string) => (came.get(id) ?? 0) / soundOf(id).length,
    answer(id: string, from: number, sends: { first: number; end: number }) {
      const last = before.get(id);
      const held = from > 0 && overlaps ? from + overlap : from;
      if (last !== undefined) came.set(id, (came.get(id) ?? 0) + (held > last.first ? held : last.end) - last.first);
      before.set(id, sends);
      if (sends.end === soundOf(id).length) came.set(id, (came.get(id) ?? 0) + sends.end - sends.first);
    },
  };
}

/** Sends what is asked for, and breaks each recording's first two answers off at random bytes. */
function breakOff(system: System, headers: Record<string, string>, ranges = true) {
  const random = seededRandom(`program ${JSON.stringify(headers)}`);
  const answers = new Map<string, number>();
  const asked: (string | undefined)[] = [];
  const count = openCount(headers.etag === undefined);
  system.audio = (request, response, name) => {
    const id = name.replace("NCS", "");
    const whole = soundOf(id);
    asked.push(request.headers.range);
    const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
    const first = ranges ? from : 0;
    const nth = (answers.get(id) ?? 0) + 1;
    answers.set(id, nth);
    const end = nth > 2 ? whole.length : Math.min(first + 2 * overlap + Math.floor(random() * 1e6), whole.length - 1);
    count.answer(id, from, { first, end });
    response.writeHead(first > 0 ? 206 : 200, { ...headOf(first, whole.length, ranges), ...headers });
    const cut = random() < 0.5 ? () => response.socket?.resetAndDestroy() : () => response.socket?.end();
    if (end === whole.length) response.end(whole.subarray(first));
    else response.write(whole.subarray(first, end), () => setTimeout(cut, readMs));
  };
  return { count, asked };
}

function headOf(first: number, total: number, ranges: boolean): Record<string, string | number> {
  return {
    "content-type": "audio/wav",
    "content-length": total - first,
    ...(ranges ? { "accept-ranges": "bytes" } : {}),
    ...(first > 0 ? { "content-range": `bytes ${first}-${total - 1}/${total}` } : {}),
  };
}

function expectWhole({ held, archive }: System): void {
  expect(held()).toHaveLength(ids.length);
  for (const id of ids) {
    const path = held().find((name) => name.includes(id)) ?? "";
    expect(readFileSync(join(archive, path)).equals(soundOf(id)), id).toBe(true);
  }
}

const rows = {
  ringcentral: `id,startTime\n${ids.map((id) => `${id},2026-01-05T10:00:00Z`).join("\n")}\n`,
  tim: `datasource,voicelocation,voicefilename\n${ids.map((id) => `3,4,NCS${id}`).join("\n")}\n`,
};

describe.concurrent("broken off twice each at random bytes, the program's files are their sources'", () => {
  it.each<[string, Record<string, string>]>([
    ["no validator", {}],
    ["an ETag", { etag: '"a1"' }],
  ])("from RingCentral with %s, for at most 1.2 times their bytes", async (_name, headers) => {
    await using system = await openRingCentralSystem();
    const { count } = breakOff(system, headers);
    const file = system.file("calls.csv", rows.ringcentral);
    const args = ["download", "-s", "ringcentral", "--rows", file, "-d", system.archive];
    const finished = await run(args, { env: system.env });
    expect([finished.code, finished.err]).toEqual([0, expect.anything()]);
    expectWhole(system);
    for (const id of ids) expect(count.of(id)).toBeLessThanOrEqual(1.2);
  });

  it.each<[string, readonly string[], boolean]>([
    ["with --echo-resume, for at most 1.2 times their bytes", ["--echo-resume"], true],
    ["with --echo-resume, though it sends the whole again", ["--echo-resume"], false],
    ["without, each time from the start", [], true],
  ])("from TIM's Echo %s", async (_name, more, ranges) => {
    await using system = await openTimSystem();
    const { count, asked } = breakOff(system, {}, ranges);
    const file = system.file("calls.csv", rows.tim);
    const args = ["download", "-s", "tim", "--rows", file, "-d", system.archive, ...more];
    const finished = await run(args, { env: system.env });
    expect([finished.code, finished.err]).toEqual([0, expect.anything()]);
    expectWhole(system);
    const resumes = more.length > 0;
    expect(asked.some((range) => range !== undefined)).toBe(resumes);
    if (!resumes || !ranges) return;
    for (const id of ids) expect(count.of(id)).toBeLessThanOrEqual(1.2);
  });
});
