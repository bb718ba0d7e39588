import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alawOf, ulawOf } from "../../../src/sandbox/audio/g711.ts";
import { mp3For } from "../../../src/sandbox/audio/mp3.ts";
import { wavFor } from "../../../src/sandbox/audio/wav.ts";
import { growth, linear } from "../../helpers/cpu-cost.ts";

const has = (tool: string, flag: string) => spawnSync(tool, [flag]).status === 0;
const sox = has("sox", "--version");
const ffprobe = has("ffprobe", "-version");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-audio-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function soxi(flag: string, path: string): string {
  const { status, stdout, stderr } = spawnSync("soxi", [flag, path], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trim();
}

describe("sandbox WAV files", () => {
  it("are the same bytes for the same seed and other bytes for another", () => {
    expect(wavFor("a", { seconds: 2 })).toEqual(wavFor("a", { seconds: 2 }));
    expect(wavFor("a", { seconds: 2 }).equals(wavFor("b", { seconds: 2 }))).toBe(false);
  });

  it("differ between 20,000 seeds even when a file lasts a tenth of a second", () => {
    const seen = new Set<string>();
    for (let index = 0; index < 20_000; index++) seen.add(wavFor(`r${index}`, { seconds: 0.1 }).toString("latin1"));
    expect(seen.size).toBe(20_000);
  });

  for (const encoding of ["pcm16", "alaw", "ulaw"] as const) {
    for (const channels of [1, 2] as const) {
      it.skipIf(!sox)(`are read by soxi: ${encoding} with ${channels} channel(s) (needs Debian's sox)`, () => {
        const path = save(
          `${encoding}${channels}.wav`,
          wavFor("call", { seconds: 3.5, encoding, channels, list: true }),
        );
        expect(soxi("-r", path)).toBe("8000");
        expect(soxi("-c", path)).toBe(String(channels));
        expect(soxi("-s", path)).toBe("28000");
        expect(soxi("-e", path)).toBe({ pcm16: "Signed Integer PCM", alaw: "A-law", ulaw: "u-law" }[encoding]);
      });
    }
  }

  it.skipIf(!sox)("hold sound, not silence (needs Debian's sox)", () => {
    const path = save("loud.wav", wavFor("loud", { seconds: 5, encoding: "alaw" }));
    const { stderr } = spawnSync("sox", [path, "-n", "stat"], { encoding: "utf8" });
    expect(Number(/RMS\s+amplitude:\s+([\d.]+)/.exec(stderr)?.[1])).toBeGreaterThan(0.02);
  });

  it("pad odd data and write the sizes that a streaming writer leaves", () => {
    const odd = wavFor("odd", { seconds: 0.000125, encoding: "ulaw" });
    expect(odd.length % 2).toBe(0);
    expect(odd.readUInt32LE(4)).toBe(odd.length - 8);
    expect(odd.readUInt32LE(odd.length - 6)).toBe(1);
    expect(wavFor("x", { seconds: 1, riffSize: "zero" }).readUInt32LE(4)).toBe(0);
    expect(wavFor("x", { seconds: 1, riffSize: "max" }).readUInt32LE(4)).toBe(0xffff_ffff);
    expect(wavFor("x", { seconds: 1, riffSize: "wrong" }).readUInt32LE(4)).not.toBe(16_036);
    expect(wavFor("x", { seconds: 1, dataSize: "max" }).readUInt32LE(40)).toBe(0xffff_ffff);
    expect(wavFor("x", { seconds: 0 }).length).toBe(44);
  });

  it("cost what their length costs", () => {
    expect(growth((seconds) => wavFor(`t${seconds}`, { seconds }), 480)).toBeLessThan(linear);
  });
});

describe("sandbox mp3 files", () => {
  it("are the same bytes for the same seed, and differ between 20,000 seeds of one second", () => {
    expect(mp3For("a", 30)).toEqual(mp3For("a", 30));
    const seen = new Set<string>();
    for (let index = 0; index < 20_000; index++) seen.add(mp3For(`r${index}`, 1).toString("latin1"));
    expect(seen.size).toBe(20_000);
  });

  it.skipIf(!ffprobe)("are read by ffprobe and last as long as asked (needs Debian's ffmpeg)", () => {
    const path = save("call.mp3", mp3For("call", 30));
    const probe = spawnSync("ffprobe", ["-v", "error", "-show_streams", "-of", "json", path], { encoding: "utf8" });
    expect(probe.stderr).toBe("");
    const [stream] = JSON.parse(probe.stdout).streams;
    expect(stream).toMatchObject({ codec_name: "mp3", sample_rate: "8000", channels: 1, bit_rate: "16000" });
    expect(Math.abs(Number(stream.duration) - 30)).toBeLessThan(0.2);
    const decoded = spawnSync("ffmpeg", ["-v", "error", "-i", path, "-f", "null", "-"], { encoding: "utf8" });
    expect(decoded.stderr).toBe("");
  });
});

describe("G.711", () => {
  it.skipIf(!sox)("encodes every 16-bit level to the nearest one, as sox hears it (needs Debian's sox)", () => {
    for (const [law, encode] of [
      ["a-law", alawOf],
      ["u-law", ulawOf],
    ] as const) {
      const codes = Buffer.alloc(65_536);
      for (let index = 0; index < codes.length; index++) codes[index] = encode(index - 32_768);
      const path = save("levels.raw", codes);
      const raw = ["-t", "raw", "-r", "8000", "-c", "1"];
      const args = ["-D", ...raw, "-e", law, path, ...raw, "-e", "signed", "-b", "16", "-"];
      const heard = spawnSync("sox", args, { maxBuffer: 1e7 }).stdout;
      for (let index = 0; index < codes.length; index++) {
        const level = index - 32_768;
        const step = Math.max(16, 2 ** (Math.floor(Math.log2(Math.abs(level) + 132)) - 4));
        const error = Math.abs(heard.readInt16LE(2 * index) - level);
        if (error > step && Math.abs(level) < 32_124) expect.fail(`${law} ${level}: off by ${error}, step ${step}`);
      }
    }
  });
});
