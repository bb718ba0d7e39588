import { describe, expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf } from "./tim-world.ts";
import { type Answer, openRingCentralSystem, openTimSystem, rcError, type System, says, sound } from "./two-systems.ts";

const hour = 3_600_000;
const day = 24 * hour;
const page = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
const iso = (ageMs: number) => new Date(Date.now() - ageMs).toISOString();

/** Rows of so many recordings whose calls ended days ago. */
function rcRows(count: number, ageMs = 10 * day): string {
  const rows = Array.from({ length: count }, (_, at) => `40178681${1000 + at},${iso(ageMs - at * 60_000)},30`);
  return ["recordingId,start,duration", ...rows, ""].join("\n");
}

function timRows(count: number): string {
  const rows = Array.from({ length: count }, (_, at) => `3,4,NCS${100 + at},2026-01-01 10:${10 + at}:00,30`);
  return ["datasource,voicelocation,voicefilename,start,duration", ...rows, ""].join("\n");
}

const gone = rcError(404, "CMN-102", "recordingId");

interface World {
  readonly system: System;
  readonly download: (options?: {
    /** How far ahead the machine's clock is. */
    aheadMs?: number;
    more?: readonly string[];
  }) => Promise<{ code: number | null; err: string; events: Record<string, unknown>[] }>;
}

async function world(kind: "ringcentral" | "tim", rows: string): Promise<World & AsyncDisposable> {
  const system = await (kind === "tim" ? openTimSystem() : openRingCentralSystem());
  const file = system.file("rows.csv", rows);
  return {
    system,
    async download({ aheadMs = 0, more = [] } = {}) {
      const args = ["download", "-s", kind, "--rows", file, "-d", system.archive, "-R", "0", "--json", ...more];
      const { code, err, out } = await runHere(args, { env: system.env, aheadMs });
      return { code, err, events: eventsOf(out) };
    },
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  };
}

const wrongAtRingCentral: [string, Answer, string?][] = [
  ["a gateway's page with 404", says(404, "text/html", page)],
  ["an empty 404", says(404, "")],
  ["an empty 410", says(410, "")],
  ["a 404 in somebody's plain words", says(404, "text/plain", "no such site")],
  ["its own 404 that names nothing", rcError(404, "CMN-102")],
  ["its own 404 about the extension", rcError(404, "CMN-102", "extensionId")],
  ["its own 404 about the address", rcError(404, "CMN-120")],
  ["its own 404 about the account", rcError(404, "CMN-102", "accountId")],
  ["its own 404 where nothing has come yet", gone],
  ["its own 404 about a call of unknown age", gone, "recordingId\n401786811000\n401786811001\n401786811002\n"],
  ["its own 404 about a call that has just ended", gone, rcRows(3, hour)],
  ["its own 404 about a call that may still go on", gone, rcRows(3, 5 * hour).replaceAll(",30\n", ",\n")],
  ["a page with 403", says(403, "text/html", page)],
  ["its own 403", rcError(403, "CMN-408")],
  ["a storage host's 404", toStorage(404)],
  ["a storage host's 403", toStorage(403)],
  ["an empty 200", says(200, "audio/wav")],
  ["a page with 200", says(200, "text/html", page)],
  ["503", says(503, "text/html", page)],
];

/** A redirect to another host, which refuses. */
function toStorage(status: number): Answer {
  return (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(status, { "content-type": "application/xml" }).end("<Error><Code>NoSuchKey</Code></Error>");
    } else {
      const port = request.headers.host?.split(":")[1];
      response.writeHead(302, { location: `http://localhost:${port}${request.url}` }).end();
    }
  };
}

const wrongAtTim: [string, Answer | undefined, Answer | undefined][] = [
  ["a page of Echo's site with 404", says(404, "text/html", page), undefined],
  ["an empty 404 of Echo", says(404, ""), undefined],
  ["an empty 410 of Echo", says(410, ""), undefined],
  ["an empty 200 of Echo", says(200, ""), undefined],
  ["a page of Echo with 200", says(200, "text/html", page), undefined],
  ["a 403 of Echo", says(403, ""), undefined],
  ["an empty token answer", undefined, says(200, "text/plain")],
  ["a page instead of a token", undefined, says(200, "text/html", page)],
  ["a token request's empty 404", undefined, says(404, "")],
  ["a token request's page with 404", undefined, says(404, "text/html", page)],
  ["a token request's 403", undefined, says(403, "")],
  ["a token request's 500", undefined, says(500, "")],
];

describe("when everything is answered wrongly, the run says so, and the same command later brings everything", () => {
  test.each(wrongAtRingCentral)("RingCentral: %s", async (_, answer, rows = rcRows(3)) => {
    await using it = await world("ringcentral", rows);
    it.system.audio = answer;
    const first = await it.download();
    expect([first.code === 0, it.system.held()]).toEqual([false, []]);
    it.system.audio = undefined;
    const second = await it.download();
    expect([second.code, it.system.held().length]).toEqual([0, 3]);
  });

  test.each(wrongAtTim)("TIM: %s", async (_, audio, token) => {
    await using it = await world("tim", timRows(3));
    Object.assign(it.system, { audio, token });
    const first = await it.download();
    expect([first.code === 0, it.system.held()]).toEqual([false, []]);
    Object.assign(it.system, { audio: undefined, token: undefined });
    const second = await it.download();
    expect([second.code, it.system.held().length]).toEqual([0, 3]);
  });
});

describe("when one of several is answered wrongly", () => {
  const one =
    (wrong: Answer, id: string): Answer =>
    (request, response, asked) =>
      (asked === id ? wrong : sound)(request, response, asked);

  test.each(wrongAtRingCentral.filter(([, answer, rows]) => answer !== gone && rows === undefined))(
    "RingCentral: %s",
    async (_, answer) => {
      await using it = await world("ringcentral", rcRows(3));
      it.system.audio = one(answer, "401786811002");
      const first = await it.download();
      expect([first.code === 0, first.events.at(-1)?.event]).toEqual([false, "run-finished"]);
      it.system.audio = undefined;
      const waits = (await it.download()).code;
      const asked = waits === 0 ? waits : (await it.download({ more: ["--retry-gone"] })).code;
      expect([asked, it.system.held().length]).toEqual([0, 3]);
    },
  );

  test.each(wrongAtTim.flatMap(([name, audio]) => (audio === undefined ? [] : [[name, audio] as const])))(
    "TIM: %s",
    async (_, audio) => {
      await using it = await world("tim", timRows(3));
      it.system.audio = one(audio, "NCS102");
      expect((await it.download({ more: ["-j", "1"] })).code).toBe(3);
      it.system.audio = undefined;
      const waits = (await it.download()).code;
      const asked = waits === 0 ? waits : (await it.download({ more: ["--retry-gone"] })).code;
      expect([asked, it.system.held().length]).toEqual([0, 3]);
    },
  );
});

describe("a recording that its source calls gone", () => {
  const id = "401786811002";
  const oneGone: Answer = (request, response, asked) => (asked === id ? gone : sound)(request, response, asked);
  const told = (events: Record<string, unknown>[]) =>
    events.filter(({ key, event }) => key === `ringcentral/${id}` && event !== "recording-started");
  const missing = (code: string) => [expect.objectContaining({ event: "recording-failed", code })];
  const believed = (reason: string, times: number, proven: boolean) => [
    expect.objectContaining({
      event: "recording-skipped",
      reason,
      evidence: expect.objectContaining({ says: "gone", times, proven }),
    }),
  ];

  /** The same command at another time, by both clocks unless told otherwise. */
  async function night(it: World, atMs: number, serverMs = atMs, ...more: string[]) {
    it.system.aheadMs = serverMs;
    it.system.asked.length = 0;
    const { code, events } = await it.download({ aheadMs: atMs, more });
    return [code, it.system.asked, told(events)];
  }

  test("is asked for at a growing distance, keeps each run at 3 until that is proven, and may always come back", async () => {
    await using it = await world("ringcentral", rcRows(3));
    it.system.audio = oneGone;
    expect((await night(it, 0)).at(0)).toBe(3);
    expect(await night(it, hour / 2)).toEqual([3, [], believed("unproven", 1, false)]);
    expect(await night(it, 2 * hour)).toEqual([3, [id], missing("gone")]);
    expect(await night(it, 5 * hour)).toEqual([3, [], believed("unproven", 2, false)]);
    expect(await night(it, 25 * hour)).toEqual([0, [id], believed("gone", 3, true)]);
    expect(await night(it, 26 * hour)).toEqual([0, [], believed("gone", 3, true)]);
    expect(await night(it, 26 * hour, 26 * hour, "--retry-gone")).toEqual([0, [id], believed("gone", 4, true)]);
    expect(await night(it, 26 * hour, 26 * hour, "--force-overwrites")).toEqual([
      0,
      expect.arrayContaining([id]),
      believed("gone", 5, true),
    ]);
    it.system.audio = undefined;
    const back = await night(it, 15 * day);
    expect([back[0], back[1], it.system.held().length]).toEqual([0, [id], 3]);
  });

  test.each([
    ["this machine's clock", 30 * day, 0],
    ["the server's clock", 0, 30 * day],
  ])("is not proven by two answers of one minute when %s jumps between them", async (_, ours, theirs) => {
    await using it = await world("ringcentral", rcRows(3));
    it.system.audio = oneGone;
    await night(it, 0);
    expect(await night(it, ours, theirs, "--retry-gone")).toEqual([3, [id], missing("gone")]);
    expect(await night(it, 0, 0, "--retry-gone")).toEqual([3, [id], missing("gone")]);
  });

  test("is asked for whatever was said, by its id and from an error file", async () => {
    await using it = await world("ringcentral", rcRows(3));
    it.system.audio = oneGone;
    const errors = `${it.system.home}/errors.ndjson`;
    await night(it, 0, 0, "--error-file", errors);
    it.system.asked.length = 0;
    const named = await runHere(["download", id, "-d", it.system.archive, "-R", "0"], { env: it.system.env });
    expect([named.code, it.system.asked]).toEqual([4, [id]]);
    const lines = await runHere(["download", "--rows", errors, "-d", it.system.archive], { env: it.system.env });
    expect([lines.code, it.system.asked]).toEqual([3, [id, id]]);
    it.system.audio = undefined;
    const again = await runHere(["download", "--rows", errors, "-d", it.system.archive], { env: it.system.env });
    expect([again.code, it.system.held().length]).toEqual([0, 3]);
  });

  test("is proven at once past the time that its source keeps recordings", async () => {
    await using it = await world("ringcentral", rcRows(3, 100 * day));
    it.system.audio = oneGone;
    const [code, , events] = await night(it, 0);
    expect([code, events]).toEqual([0, believed("gone", 1, true)]);
    expect(await night(it, 40 * day)).toEqual([0, [], believed("gone", 1, true)]);
  });
});

test("TIM's word counts once its address has given a recording", async () => {
  await using it = await world("tim", timRows(3));
  await it.download();
  const file = it.system.file("more.csv", timRows(5).replaceAll("NCS", "LATE"));
  it.system.audio = says(404, "");
  const nights: unknown[] = [];
  for (const at of [0, 25 * hour, 26 * hour]) {
    it.system.aheadMs = at;
    it.system.asked.length = 0;
    const args = ["download", "--rows", file, "-d", it.system.archive, "-R", "0"];
    const { code } = await runHere(args, { env: it.system.env, aheadMs: at });
    // Where a link took long, which a busy machine makes it, Echo's word is heard about one more.
    nights.push([code, new Set(it.system.asked).size]);
  }
  expect(nights).toEqual([
    [3, 5],
    [0, 5],
    [0, 0],
  ]);
});

test.each([
  ["a gateway's page", says(404, "text/html", page), 5, /wrong host, a wrong account or the page of a proxy/],
  ["its own word, where nothing has come yet", gone, 5, /wrong host, a wrong account/],
  ["a refusal", rcError(403, "CMN-408"), 7, /may not hear recordings at all/],
])("ten recordings in a row for which there is only %s stop the run", async (_, answer, exit, words) => {
  await using it = await world("ringcentral", rcRows(40));
  it.system.audio = answer;
  const { code, err } = await it.download({ more: ["-j", "1"] });
  expect([code, it.system.asked.length]).toEqual([exit, 10]);
  expect(err).toMatch(words);
  it.system.audio = undefined;
  expect([(await it.download()).code, it.system.held().length]).toEqual([0, 40]);
});
