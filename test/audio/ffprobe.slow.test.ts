import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Audio, openAudioCheck } from "../../src/core/audio/check.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";

const run = promisify(execFile);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-audio-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How a file is made: the tool's arguments between the source and the name. */
interface Making {
  readonly name: string;
  readonly tool: "ffmpeg" | "sox" | "lame";
  readonly args: readonly string[];
  /** Longest frame or block, in seconds: as near as two counts can be. */
  readonly frame: number;
}

const lengths = ["0.4", "3.21"];

function makings(): Making[] {
  const all: Making[] = [];
  const add = (extension: string, tool: Making["tool"], frame: number, ...args: string[]) =>
    all.push({ name: `${all.length}.${extension}`, tool, args, frame });
  for (const rate of [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000]) {
    const samples = rate < 32000 ? 576 : 1152;
    for (const xing of ["0", "1"]) {
      add(
        "mp3",
        "ffmpeg",
        samples / rate,
        "-ar",
        `${rate}`,
        "-ac",
        "1",
        "-c:a",
        "libmp3lame",
        "-b:a",
        "32k",
        "-write_xing",
        xing,
      );
      add(
        "mp3",
        "ffmpeg",
        samples / rate,
        "-ar",
        `${rate}`,
        "-ac",
        "2",
        "-c:a",
        "libmp3lame",
        "-q:a",
        "5",
        "-write_xing",
        xing,
      );
    }
    add("wav", "ffmpeg", 0, "-ar", `${rate}`, "-c:a", "pcm_mulaw");
    add("wav", "ffmpeg", 0, "-ar", `${rate}`, "-ac", "2", "-c:a", "pcm_alaw");
    add("wav", "ffmpeg", 0, "-ar", `${rate}`, "-c:a", "pcm_s16le");
    add("wav", "ffmpeg", 1024 / rate, "-ar", `${rate}`, "-c:a", "adpcm_ima_wav");
    add("wav", "ffmpeg", 1024 / rate, "-ar", `${rate}`, "-ac", "2", "-c:a", "adpcm_ms");
    add("flac", "ffmpeg", 0, "-ar", `${rate}`, "-c:a", "flac");
    add("aac", "ffmpeg", 1024 / rate, "-ar", `${rate}`, "-f", "adts", "-c:a", "aac");
    add("m4a", "ffmpeg", 1024 / rate, "-ar", `${rate}`, "-c:a", "aac");
    add("ogg", "ffmpeg", 0.01, "-ar", `${rate}`, "-c:a", "libvorbis");
    add("au", "ffmpeg", 0, "-ar", `${rate}`, "-c:a", "pcm_mulaw");
  }
  for (const rate of [16000, 32000, 44100, 48000, 24000, 22050]) {
    add("mp2", "ffmpeg", 1152 / rate, "-ar", `${rate}`, "-c:a", "mp2", "-b:a", "64k", "-f", "mp2");
  }
  for (const rate of [8000, 12000, 16000, 24000, 48000])
    add("ogg", "ffmpeg", 0.12, "-ar", `${rate}`, "-c:a", "libopus");
  for (const rate of [8000, 16000, 32000]) add("ogg", "ffmpeg", 0.04, "-ar", `${rate}`, "-c:a", "libspeex");
  for (const codec of ["pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"])
    add("wav", "ffmpeg", 0, "-ar", "8000", "-c:a", codec);
  add("wav", "ffmpeg", 0.01, "-ar", "8000", "-ac", "1", "-c:a", "g726", "-b:a", "32k");
  add("wav", "ffmpeg", 0.08, "-ar", "8000", "-c:a", "libmp3lame", "-b:a", "16k");
  add("wav", "ffmpeg", 0, "-ar", "8000", "-rf64", "always");
  for (const encoding of [
    "gsm-full-rate",
    "a-law",
    "u-law",
    "ima-adpcm",
    "ms-adpcm",
    "signed-integer",
    "floating-point",
  ]) {
    const bits = encoding === "signed-integer" ? ["-b", "16"] : encoding === "floating-point" ? ["-b", "32"] : [];
    add("wav", "sox", 0.2, "-r", "8000", "-c", "1", "-e", encoding, ...bits);
  }
  for (const args of [
    ["--abr", "24"],
    ["-V", "6"],
    ["-b", "16"],
    ["-t", "-V", "4"],
    ["--tl", "title"],
    ["--add-id3v2", "--tt", "x"],
  ]) {
    for (const rate of ["8", "16", "44.1"]) add("mp3", "lame", 0.08, ...args, "--resample", rate);
  }
  return all;
}

const pathOf = ({ name }: Making, seconds: string) => join(folder, `${seconds}-${name}`);

/** Makes the files of one length: all of ffmpeg's by one call, for its start takes longer than the rest. */
async function make(all: readonly Making[], seconds: string): Promise<void> {
  const plain = join(folder, `plain-${seconds}.wav`);
  const outputs = all
    .filter(({ tool }) => tool === "ffmpeg")
    .flatMap((making) => [...making.args, pathOf(making, seconds)]);
  const source = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=44100:duration=${seconds}`];
  await run("ffmpeg", ["-loglevel", "error", "-y", ...source, plain, ...outputs]);
  for (const making of all) {
    const { tool, args } = making;
    if (tool === "sox") await run("sox", [plain, ...args, pathOf(making, seconds)]);
    if (tool === "lame") await run("lame", ["--quiet", ...args, plain, pathOf(making, seconds)]);
  }
}

/** Seconds that ffprobe counts by reading every packet. */
async function probed(path: string): Promise<number> {
  const { stdout } = await run("ffprobe", [
    "-v",
    "error",
    "-select_streams",
    "a:0",
    "-show_entries",
    "packet=duration_time:stream=duration",
    "-of",
    "json",
    path,
  ]);
  const { packets = [], streams = [] } = JSON.parse(stdout) as {
    packets?: { duration_time?: string }[];
    streams?: { duration?: string }[];
  };
  // What ffprobe says of single Vorbis packets is far off.
  const told = path.endsWith(".ogg") ? Number(streams[0]?.duration) : Number.NaN;
  if (told > 0) return told;
  const counted = packets.reduce((sum, { duration_time = "0" }) => sum + Number(duration_time), 0);
  return counted > 0 ? counted : Number(streams[0]?.duration);
}

function measure(bytes: Buffer, step = 64 * 1024): Audio {
  const check = openAudioCheck();
  check.head({ status: 200, headers: { "content-length": String(bytes.length) } });
  for (let at = 0; at < bytes.length; at += step) check.chunk(bytes.subarray(at, at + step));
  return check.finish();
}

/** What is wrong with our reading of a file that ffprobe says lasts `expected` seconds. */
function faultsOf(bytes: Buffer, expected: number, frame: number): string[] {
  try {
    const { audioSeconds = Number.NaN, note } = measure(bytes);
    const isNear = Math.abs(audioSeconds - expected) <= frame + 0.002;
    return [
      ...(isNear ? [] : [`we ${audioSeconds}`]),
      ...(note === undefined ? [] : [note]),
      ...(measure(bytes, 1021).audioSeconds === audioSeconds ? [] : ["another length in small pieces"]),
    ];
  } catch (error) {
    return [error instanceof RecordingError ? error.message : String((error as Error).stack)];
  }
}

async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    [0, 1, 2].map(async () => {
      for (const item of rest) await work(item);
    }),
  );
}

describe("length in time", () => {
  test("is ffprobe's, within a frame, for every codec and rate that ffmpeg, sox and lame write", async () => {
    const all = makings();
    for (const seconds of lengths) await make(all, seconds);
    const wrong: string[] = [];
    let files = 0;
    await inPairs(
      all.flatMap((making, at) =>
        (at % 2 === 0 ? lengths : lengths.slice(0, 1)).map((seconds) => ({ making, seconds })),
      ),
      async ({ making, seconds }) => {
        const path = pathOf(making, seconds);
        const bytes = readFileSync(path);
        const expected = await probed(path);
        files += 1;
        const label = `${making.tool} ${making.args.join(" ")} (${seconds} s): ffprobe ${expected}`;
        wrong.push(...faultsOf(bytes, expected, making.frame).map((fault) => `${label}: ${fault}`));
      },
    );
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThanOrEqual(200);
  });

  test("is never more than ffprobe sees, and nothing breaks, whatever is cut off, turned over or put in", async () => {
    const all = makings().filter((_, at) => at % 6 === 0);
    await make(all, "0.4");
    const random = seededRandom("damaged files");
    const rounds = Number(process.env.CALLREEL_FUZZ_ROUNDS ?? 200);
    const sources = all.map((making) => ({ making, bytes: readFileSync(pathOf(making, "0.4")) }));
    const wrong: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { making, bytes } = sources[round % sources.length] as (typeof sources)[number];
      const damaged = damage(bytes, random);
      const path = round % 10 === 0 ? join(folder, `damaged-${round}-${making.name}`) : undefined;
      const fault = await tooLong(damaged, making.frame, 1 + Math.floor(random() * 5000), path);
      if (fault !== undefined) wrong.push(`${making.name} ${round}: ${fault}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Why our reading of a damaged file cannot be right; ffprobe is asked where a path for it is given. */
async function tooLong(
  bytes: Buffer,
  frame: number,
  step: number,
  path: string | undefined,
): Promise<string | undefined> {
  try {
    const { audioSeconds = 0, contentType } = measure(bytes, step);
    // No mangled file becomes longer than its bytes can hold: a byte of speech lasts 1/500 s at the slowest codec.
    if (audioSeconds > bytes.length / 500 + 1) return `${audioSeconds} s, ${contentType}`;
    if (path === undefined) return undefined;
    writeFileSync(path, bytes);
    const seen = await probed(path).catch(() => Number.NaN);
    return audioSeconds > seen + frame + 0.3 ? `${audioSeconds} s, ffprobe ${seen}` : undefined;
  } catch (error) {
    return error instanceof RecordingError ? undefined : String((error as Error).stack);
  }
}

function damage(bytes: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * bytes.length);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1)
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(Math.floor(random() * 3000), at), bytes.subarray(at)]);
  const copy = Buffer.from(bytes);
  const flips = kind === 2 ? 1 : 200;
  // Headers above all: most of the bytes are sound.
  for (let flip = 0; flip < flips; flip += 1) {
    const place = Math.floor(random() ** 3 * copy.length);
    copy[place] = Math.floor(random() * 256);
  }
  return copy;
}
