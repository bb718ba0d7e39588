import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { zipFiles } from "../../src/maintenance/portal-intake.ts";
import { mp3, noise, wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { zip } from "../helpers/zip.ts";

const files = [
  { name: "1.mp3", data: mp3(4) },
  { name: "2.wav", data: wav({ seconds: 0.2 }), stored: true },
  { name: "3.wav", data: wav({ seconds: 0.1 }), zip64: true },
];
const whole = zip(files);
const sums = new Set(files.map(({ data }) => sumOf([data])));

function sumOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** The sums of what a zip gives; its refusals and errors are told as such. */
async function read(path: string): Promise<{ sums: string[]; told: number }> {
  const found = { sums: [] as string[], told: 0 };
  for await (const file of zipFiles(path, "a.zip")) {
    const chunks: Uint8Array[] = [];
    try {
      if (file.refusal === undefined) for await (const chunk of file.open()) chunks.push(chunk);
    } catch (error) {
      expect(error).toBeInstanceOf(RecordingError);
      found.told += 1;
      continue;
    }
    if (file.refusal === undefined) found.sums.push(sumOf(chunks));
    else found.told += 1;
  }
  return found;
}

/** A cut, a flip or an insertion, always the same for a seed. */
function hurt(bytes: Buffer, seed: number): Buffer {
  const random = noise(12, seed);
  const at = random.readUInt32LE(0) % bytes.length;
  // Every second one hits the directory at the end.
  const place = seed % 2 === 0 ? at : bytes.length - 1 - (at % 260);
  const length = 1 + ((random[4] ?? 0) % 40);
  if (seed % 3 === 0) return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + length)]);
  if (seed % 3 === 1) return Buffer.concat([bytes.subarray(0, place), noise(length, seed), bytes.subarray(place)]);
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(place) ^ (1 << ((random[5] ?? 0) % 8)), place);
  return flipped;
}

describe("zipFiles", () => {
  it("gives what was packed, from whole zips and from damaged ones, or says what is wrong", async () => {
    using folder = openTempFolder();
    const path = join(folder.path, "a.zip");
    writeFileSync(path, whole);
    expect(await read(path)).toEqual({ sums: [...sums], told: 0 });
    let told = 0;
    for (let seed = 1; seed <= 600; seed += 1) {
      writeFileSync(path, hurt(whole, seed));
      const found = await read(path);
      for (const sum of found.sums) expect(sums, `seed ${seed}`).toContain(sum);
      expect(found.told + found.sums.length, `seed ${seed}`).toBeGreaterThan(found.told > 0 ? 0 : 2);
      if (found.told > 0) told += 1;
    }
    expect(told).toBeGreaterThan(300);
  });

  it("tells that a zip holds more files than its end says", async () => {
    using folder = openTempFolder();
    const path = join(folder.path, "a.zip");
    const fewer = Buffer.from(whole);
    fewer.writeUInt16LE(2, whole.length - 14);
    fewer.writeUInt16LE(2, whole.length - 12);
    writeFileSync(path, fewer);
    expect(await read(path)).toMatchObject({ sums: [...sums].slice(0, 2), told: 1 });
  });
});
