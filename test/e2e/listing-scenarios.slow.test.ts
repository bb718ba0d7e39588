import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/program.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import {
  openScriptedServer,
  type ScriptedAnswer,
  type ScriptedServer,
  type SeenRequest,
} from "../helpers/scripted-server.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { testIo } from "../helpers/test-io.ts";
import { countTries } from "../helpers/tries.ts";
import { askedRecording, loginAnswer, pick, plentyOfBudget, type Random, recordingNotFound } from "./rude-source.ts";

const scenarios = Number(process.env.CALLREEL_LISTING_SCENARIOS ?? 12);
const firstSeed = Number(process.env.CALLREEL_SCENARIO_SEED ?? 1);
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

let server: ScriptedServer;
let home: string;

beforeAll(async () => {
  server = await openScriptedServer(() => ({ status: 500 }));
  home = mkdtempSync(join(tmpdir(), "callreel-listings-"));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

interface LoggedCall {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  /** When its audio can be had. */
  readonly readyMs: number;
  /** Whether the log names the recording while the call still goes on. */
  readonly isNamedEarly: boolean;
  readonly audio: Buffer;
}

/** How the call log may misbehave, answer by answer. */
const manners = [
  "well",
  "well",
  "no navigation",
  "a page twice",
  "another total",
  "503",
  "a page for people",
  "cut",
] as const;

interface Stage {
  readonly random: Random;
  readonly calls: LoggedCall[];
  nowMs: number;
  isWell: boolean;
}

const pageSize = 3;

function answer(stage: Stage, request: SeenRequest): ScriptedAnswer {
  const { headers, ...rest } = answerOf(stage, request);
  return { ...rest, headers: { ...plentyOfBudget, date: new Date(stage.nowMs).toUTCString(), ...headers } };
}

function answerOf(stage: Stage, request: SeenRequest): ScriptedAnswer {
  const { path } = request;
  const login = loginAnswer(request);
  if (login !== undefined) return login;
  if (path.endsWith("/call-log")) return logOf(stage, request);
  const id = askedRecording(request);
  const call = stage.calls.find((each) => each.id === id);
  if (call === undefined) return { body: {} };
  const isThere = call.readyMs <= stage.nowMs;
  const failing = !stage.isWell && stage.random() < 0.15;
  if (failing)
    return pick(stage.random, [
      { status: 503 },
      { status: 404, body: "<html>" },
      { status: 403, body: "no" },
      { hangUp: true },
    ]);
  if (isThere) return { body: call.audio };
  return recordingNotFound;
}

function logOf(stage: Stage, { url, query, path }: SeenRequest): ScriptedAnswer {
  const manner = stage.isWell ? "well" : pick(stage.random, manners);
  if (manner === "503") return { status: 503 };
  if (manner === "cut") return { hangUp: true };
  if (manner === "a page for people") return { headers: { "content-type": "text/html" }, body: "<html>log in</html>" };
  const [fromMs, toMs] = [Date.parse(query.get("dateFrom") ?? ""), Date.parse(query.get("dateTo") ?? "")];
  const found = stage.calls
    .filter(({ startMs }) => startMs >= fromMs && startMs <= toMs && startMs <= stage.nowMs)
    .sort((a, b) => b.startMs - a.startMs);
  const page = Number(query.get("page") ?? 1);
  const shown = manner === "a page twice" ? Math.max(1, page - 1) : page;
  const totalPages = Math.max(1, Math.ceil(found.length / pageSize));
  const next = new URL(url, server.origin);
  next.searchParams.set("page", String(page + 1));
  const navigation = page < totalPages ? { nextPage: { uri: `${server.origin}${path}${next.search}` } } : {};
  return {
    body: {
      records: found.slice((shown - 1) * pageSize, shown * pageSize).map((call) => recordOf(call, stage.nowMs)),
      paging: {
        page,
        perPage: pageSize,
        totalPages,
        totalElements: found.length + (manner === "another total" ? 5 : 0),
      },
      ...(manner === "no navigation" ? {} : { navigation }),
    },
  };
}

function recordOf({ id, startMs, endMs, isNamedEarly }: LoggedCall, nowMs: number) {
  const isOver = endMs <= nowMs;
  return {
    id: `c${id}`,
    sessionId: `s${id}`,
    startTime: new Date(startMs).toISOString(),
    ...(isOver ? { duration: (endMs - startMs) / 1000 } : { finished: false }),
    ...((isOver || isNamedEarly) && { recording: { id, type: "Automatic" } }),
  };
}

async function download(folder: string, state: string, stage: Stage, skewMs: number) {
  const io = testIo({
    HOME: home,
    XDG_STATE_HOME: state,
    XDG_CONFIG_HOME: home,
    TZ: "UTC",
    NO_PROXY: "127.0.0.1",
    RC_SERVER_URL: server.origin,
    RC_MEDIA_URL: server.origin,
    RC_APP_CLIENT_ID: "c",
    RC_APP_CLIENT_SECRET: "s",
    RC_USER_JWT: "a.b.c",
  });
  const clock = {
    ...io.clock,
    now: () => stage.nowMs + skewMs,
    sleep: (_ms: number, signal: AbortSignal) => io.clock.sleep(0, signal),
  };
  const args = ["download", "-s", "ringcentral", "--since", "last", "--lookback", "6h", "-R", "1", "-d", folder];
  const code = await main(args, { ...io, clock, random: () => 0.5 });
  return { code, err: io.err() };
}

function heldIn(folder: string): Set<string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".wav"));
  return new Set(
    paths
      .map((path) => join(folder, path))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "base64")),
  );
}

/** Nights of `--since last` against a rude log, then one against a good one; says what was wrong. */
async function play(seed: number): Promise<string[]> {
  const random = seededRandom(`listing ${seed}`);
  const wrong: string[] = [];
  const stage: Stage = { random, calls: [], nowMs: Date.UTC(2026, 9, 1, 12), isWell: false };
  server.play((request) => answer(stage, request));
  const folder = join(home, String(seed));
  for (let night = 0; night < 5; night += 1) {
    const gap = pick(random, [20 * minute, 3 * hour, day]);
    for (let at = Math.floor(random() * 6); at > 0; at -= 1) {
      const startMs = Math.floor((stage.nowMs + random() * gap) / 1000) * 1000;
      const endMs = startMs + Math.floor(random() * 120) * minute;
      const tag = stage.calls.length + 1;
      const audio = wav({ seconds: 0.4 + random() / 4, seed: seed * 100 + tag });
      stage.calls.push({
        id: String(401_786_000_000 + seed * 100 + tag),
        startMs,
        endMs,
        readyMs: endMs + Math.floor(random() * 30) * minute,
        isNamedEarly: random() < 0.5,
        audio,
      });
    }
    stage.nowMs += night === 4 ? 2 * day : gap;
    stage.isWell = night === 4;
    const skewMs = random() < 0.3 ? Math.floor((random() - 0.5) * 6 * day) : 0;
    const run = await download(folder, join(home, `${seed}-state`), stage, stage.isWell ? 0 : skewMs);
    const held = heldIn(folder);
    const due = stage.calls.filter(({ readyMs }) => readyMs <= stage.nowMs);
    const missing = due.filter(({ audio }) => !held.has(audio.toString("base64"))).length;
    const blame = (what: string) => wrong.push(`seed ${seed}, night ${night}: ${what} (exit ${run.code})\n${run.err}`);
    if (run.code === 0 && missing > 0) blame(`0, and ${missing} of ${due.length} are missing`);
    if (run.code === 1) blame("a bug");
    if (stage.isWell && missing > 0) blame(`${missing} missing although all is well`);
    if (stage.isWell && run.code !== 0) blame("all is well, and not 0");
  }
  rmSync(folder, { recursive: true, force: true });
  return wrong;
}

test(
  `in ${scenarios} sequences of --since last against rude logs: 0 means held, and a good night brings the rest`,
  async () => {
    const wrong: string[] = [];
    let failed = 0;
    for (let seed = firstSeed; seed < firstSeed + scenarios; seed += 1) {
      const found = await play(seed);
      if (found.length > 0) failed += 1;
      wrong.push(...found);
    }
    countTries("sequences of --since last against rude logs", scenarios, failed);
    expect(wrong).toEqual([]);
  },
  Math.max(600_000, scenarios * 20_000),
);
