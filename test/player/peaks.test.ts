import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPeaks } from "../../src/player/streaming/peaks.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-peaks-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function peaksOf(file: string) {
  const handle = await open(file);
  try {
    return await readPeaks(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

test.each([
  ["signed-integer", "16"],
  ["signed-integer", "24"],
  ["signed-integer", "32"],
  ["unsigned-integer", "8"],
  ["a-law", "8"],
  ["u-law", "8"],
])("sound of %s with %s bits is loud in its second half and still in its first", async (encoding, bits) => {
  const file = join(folder, `${encoding}-${bits}.wav`);
  const format = ["-n", "-r", "8000", "-c", "2", "-e", encoding, "-b", bits, file];
  execFileSync("sox", [...format, "synth", "1", "sine", "440", "vol", "0.5", "pad", "1"], { stdio: "ignore" });
  const peaks = await peaksOf(file);
  expect(peaks).toHaveLength(800);
  expect(Math.max(...(peaks ?? []).slice(0, 395))).toBeLessThan(3);
  for (const peak of (peaks ?? []).slice(420, 780)) expect(peak).toBeGreaterThan(40);
  expect(Math.max(...(peaks ?? []))).toBeLessThan(56);
});

test("what is no WAV that can be read has none", async () => {
  const cases: Record<string, Buffer> = {
    "call.mp3": Buffer.from([0xff, 0xfb, 0x90, 0x00]),
    "empty.wav": Buffer.alloc(0),
    "head.wav": Buffer.from("RIFF____WAVE"),
    "lying.wav": Buffer.concat([Buffer.from("RIFF____WAVEfmt "), Buffer.alloc(4, 0xff)]),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    writeFileSync(join(folder, name), bytes);
    expect(await peaksOf(join(folder, name))).toBeUndefined();
  }
});
