import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/program.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import { leapingClock } from "../helpers/leaping-clock.ts";
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

const scenarios = Number(process.env.CALLREEL_SCENARIOS ?? 60);
const firstSeed = Number(process.env.CALLREEL_SCENARIO_SEED ?? 1);

let server: ScriptedServer;
let home: string;

beforeAll(async () => {
  server = await openScriptedServer(() => ({ status: 500 }));
  home = mkdtempSync(join(tmpdir(), "callreel-scenarios-"));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

/** What a source, a gateway before it or a broken wire may answer in place of a recording. */
const faults: Readonly<Record<string, (audio: Buffer, response: ServerResponse) => ScriptedAnswer>> = {
  "a gateway's 404": () => ({ status: 404, headers: { "content-type": "text/html" }, body: "<html>nginx</html>" }),
  "a bare 404": () => ({ status: 404 }),
  "a 410 without words": () => ({ status: 410 }),
  "the source's own 404": () => recordingNotFound,
  "an empty answer": () => ({ body: "" }),
  "no content": () => ({ status: 204 }),
  "a login page": () => ({ headers: { "content-type": "text/html" }, body: "<html><input type=password></html>" }),
  "an error of the server": () => ({ status: 503 }),
  forbidden: () => ({ status: 403, body: "no" }),
  "forbidden in the source's own words": () => ({
    status: 403,
    body: { errorCode: "CMN-408", message: "No permission" },
  }),
  "a 404 about another parameter": () => ({
    status: 404,
    body: { errorCode: "CMN-102", message: "Resource for parameter [extensionId] is not found" },
  }),
  "another account": () => ({
    status: 404,
    body: { errorCode: "CMN-102", message: "Resource for parameter [accountId] is not found" },
  }),
  "a limit with status 200": () => ({ body: { errorCode: "CMN-301", message: "Request rate exceeded" } }),
  "a storage host's 404": () => ({
    status: 302,
    headers: { location: server.origin.replace("127.0.0.1", "localhost") },
  }),
  "half of it": (audio, response) => {
    response.writeHead(200, { "content-length": audio.length });
    response.write(audio.subarray(0, audio.length / 2), () => response.destroy());
    return { hangUp: true };
  },
  "its second half": (audio) => ({
    headers: { "content-range": `bytes ${audio.length / 2}-${audio.length - 1}/${audio.length}` },
    body: audio.subarray(audio.length / 2),
  }),
  "its first half as all": (audio) => ({
    status: 206,
    headers: { "content-range": `bytes 0-${audio.length / 2 - 1}/${audio.length}` },
    body: audio.subarray(0, audio.length / 2),
  }),
  "a header without sound": (audio) => ({ body: audio.subarray(0, 44) }),
  "a cut connection": () => ({ hangUp: true }),
};

interface Wanted {
  readonly id: string;
  readonly audio: Buffer;
  readonly startMs: number;
  /** Answers before the good one. */
  readonly faults: string[];
}

function answer(request: SeenRequest, response: ServerResponse, wanted: readonly Wanted[]): ScriptedAnswer {
  const login = loginAnswer(request);
  if (login !== undefined) return login;
  const id = askedRecording(request);
  const recording = wanted.find((each) => each.id === id);
  if (recording === undefined) return { status: 404, body: { errorCode: "CMN-102", message: "Not found" } };
  const fault = recording.faults.shift();
  const { headers, ...rest } =
    fault === undefined
      ? { body: recording.audio }
      : (faults[fault] as (typeof faults)[string])(recording.audio, response);
  return { ...rest, headers: { ...plentyOfBudget, ...headers } };
}

/** The rows as some tool might write them, and how many of them cannot be read for certain. */
function rowsOf(wanted: readonly Wanted[], random: Random): { text: string; broken: number } {
  const comma = pick(random, [",", ";", "\t", "|"]);
  const end = pick(random, ["\n", "\r\n"]);
  const form = pick<(ms: number) => string>(random, [
    (ms) => new Date(ms).toISOString(),
    (ms) => String(ms),
    (ms) => String(Math.floor(ms / 1000)),
    (ms) => `"${new Date(ms).toUTCString()}"`,
    (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " "),
  ]);
  const names = pick(random, [
    ["recordingId", "startTime"],
    ["recording_id", "start_time"],
    ["RecordingID", "Start"],
  ]);
  const none = pick(random, ["", "NULL", "null", "\\N", "#N/A", "None", "(null)", "nan", "NaN", "NA", "<NA>"]);
  let broken = 0;
  const lines = wanted.map(({ id, startMs }) => {
    const damage =
      random() < 0.08
        ? pick(random, [
            Number(id).toExponential(5).toUpperCase(),
            `"${Number(id).toExponential(5).replace(".", ",")}"`,
            `"${Number(id).toLocaleString("en")}"`,
            Number(id).toLocaleString("de"),
            `${id}.0`,
            `${id.slice(0, 5)}…`,
          ])
        : undefined;
    if (damage !== undefined) broken += 1;
    return [damage ?? (random() < 0.1 ? `="${id}"` : id), random() < 0.1 ? none : form(startMs)].join(comma);
  });
  if (random() < 0.3) lines.push([none, form(Date.now())].join(comma));
  const mark = pick(random, ["", "\ufeff"]);
  return { text: `${mark}${[names.join(comma), ...lines].join(end)}${end}`, broken };
}

function world(seed: number) {
  const random = seededRandom(`scenario ${seed}`);
  const wanted: Wanted[] = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, at) => ({
    id: String(401_786_810_000 + seed * 16 + at),
    audio: wav({ tag: pick(random, [1, 6, 7]), seconds: 0.5 + random(), seed: seed * 16 + at + 1 }),
    startMs: Date.now() - Math.floor(random() * 60 * 86_400_000) - 86_400_000,
    faults:
      random() < 0.45
        ? Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, Object.keys(faults)))
        : [],
  }));
  const offsetMs = random() < 0.3 ? Math.floor((random() - 0.5) * 4 * 86_400_000) : 0;
  return { random, wanted, offsetMs, window: random() < 0.4, retries: pick(random, ["0", "1", "2"]) };
}

async function download(args: readonly string[], env: Record<string, string>, offsetMs: number) {
  const io = testIo(env);
  // Waits take no time, clocks may be wrong, and the machine's chance plays no part.
  const clock = leapingClock({ ...io.clock, now: () => io.clock.now() + offsetMs });
  const code = await main(["download", ...args], { ...io, clock, random: () => 0.5 });
  return { code, err: io.err(), out: io.out() };
}

/** Every file under a final name, by its bytes. */
function filesIn(folder: string): Buffer[] {
  const found: Buffer[] = [];
  for (const name of readdirSync(folder)) {
    if (name === ".callreel") continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) found.push(...filesIn(path));
    else found.push(readFileSync(path));
  }
  return found;
}

test(
  `in ${scenarios} random scenarios: 0 means held, nothing false stands on disk, and the same command brings the rest`,
  async () => {
    const wrong: string[] = [];
    let failed = 0;
    for (let seed = firstSeed; seed < firstSeed + scenarios; seed += 1) {
      const found = await play(seed);
      if (found.length > 0) failed += 1;
      wrong.push(...found);
    }
    countTries("random scenarios of a run and the next, by rude sources", scenarios, failed);
    expect(wrong).toEqual([]);
  },
  Math.max(600_000, scenarios * 10_000),
);

/** Plays one scenario: a run against faults, then one against a source that is well; says what was wrong. */
async function play(seed: number): Promise<string[]> {
  const wrong: string[] = [];
  const { random, wanted, offsetMs, window, retries } = world(seed);
  const folder = join(home, String(seed));
  const { text, broken } = rowsOf(wanted, random);
  const rows = join(home, `${seed}.csv`);
  writeFileSync(rows, text);
  server.play((request, response) => answer(request, response, wanted));
  const env = {
    HOME: home,
    XDG_STATE_HOME: join(home, `${seed}-state`),
    XDG_CONFIG_HOME: home,
    TZ: "UTC",
    NO_PROXY: "127.0.0.1",
  };
  const rc = {
    RC_SERVER_URL: server.origin,
    RC_MEDIA_URL: server.origin,
    RC_APP_CLIENT_ID: "c",
    RC_APP_CLIENT_SECRET: "s",
    RC_USER_JWT: "a.b.c",
  };
  const args = [
    "-s",
    "ringcentral",
    "--rows",
    rows,
    "-d",
    folder,
    "-R",
    retries,
    ...(window ? ["--from", "100d"] : []),
  ];
  const isHeld = (files: readonly Buffer[], { audio }: Wanted) => files.some((file) => file.equals(audio));
  const blame = (what: string, run: { code: number; err: string }) =>
    wrong.push(`seed ${seed}: ${what} (exit ${run.code}, ${broken} broken rows)\n${text}\n${run.err}`);

  const first = await download(args, { ...env, ...rc }, offsetMs);
  const after = filesIn(folder);
  const held = wanted.filter((each) => isHeld(after, each));
  if (first.code === 0 && held.length < wanted.length) blame(`0, and ${held.length} of ${wanted.length} held`, first);
  if (after.some((file) => !wanted.some(({ audio }) => audio.equals(file)))) blame("a false file", first);
  if (first.code === 1) blame("a bug", first);

  for (const each of wanted) each.faults.length = 0;
  // What the source itself has denied is asked for again an hour later.
  const second = await download(args, { ...env, ...rc }, 2 * 3_600_000);
  const all = filesIn(folder);
  const missing = wanted.filter((each) => !isHeld(all, each)).length;
  // Starts that nobody can read lie outside no window and inside none: that is told.
  const unread = window && second.code !== 0;
  if (missing > broken && !unread) blame(`${missing} missing after the source is well again`, second);
  if (broken > 0 && second.code === 0) blame("broken rows, and 0", second);
  if (broken === 0 && !window && second.code !== 0) blame("all is well, and not 0", second);
  rmSync(folder, { recursive: true, force: true });
  return wrong;
}
