import { spawnSync } from "node:child_process";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { codecs, defaultTimSettings, type WavForm } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, openSmallTim, tokenUrl } from "./client.ts";

const tim = await openSmallTim({ data: { rows: 40, seconds: [2, 3] } });
const call = tim.recordings()[0]!;
const id = call.voicefilename;
const { settings } = tim;
const fetched = async () => (await ask(await tokenUrl(tim, call))).body;

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
});
afterAll(() => tim.close());

test("every recording is its own, and the table's duration is right", async () => {
  const files = tim.recordings().map(({ voicefilename }) => tim.audioOf(voicefilename).toString("latin1"));
  expect(new Set(files).size).toBe(files.length);
  const { channels, bits, dataBytes } = read(await fetched());
  expect(dataBytes / 8_000 / channels / (bits / 8)).toBe(Number(call.duration));
});

test("the recorders of a site write all three codecs, mono and stereo", () => {
  const shapes = tim.recordings().map(({ voicefilename }) => read(tim.audioOf(voicefilename)));
  expect(new Set(shapes.map(({ tag }) => tag))).toEqual(new Set([1, 6, 7]));
  expect(new Set(shapes.map(({ channels }) => channels))).toEqual(new Set([1, 2]));
});

test.each(codecs)("%s can be asked for, with one channel or two", async (codec) => {
  settings.audio.every = { codec, channels: 2, form: "plain" };
  expect(read(await fetched())).toMatchObject({ tag: { pcm16: 1, alaw: 6, ulaw: 7 }[codec], channels: 2 });
});

describe("header forms", () => {
  const look = {
    fact: (file: Buffer) => file.includes("fact"),
    list: (file: Buffer) => file.includes("LIST"),
    "riff-zero": (file: Buffer) => file.readUInt32LE(4) === 0,
    "riff-max": (file: Buffer) => file.readUInt32LE(4) === 0xffff_ffff,
    "riff-wrong": (file: Buffer) => file.readUInt32LE(4) !== file.length - 8,
    "odd-pad": (file: Buffer) => read(file).dataBytes % 2 === 1 && file.length % 2 === 0,
    "empty-data": (file: Buffer) => read(file).dataBytes === 0,
    mp3: (file: Buffer) => file[0] === 0xff && (file[1]! & 0xe0) === 0xe0,
  } satisfies Partial<Record<WavForm, (file: Buffer) => boolean>>;

  test.each(Object.keys(look) as (keyof typeof look)[])("%s", async (form) => {
    settings.audio.every = { form: "plain", codec: "pcm16" };
    expect(look[form](await fetched())).toBe(false);
    settings.audio.every = { form, codec: "pcm16" };
    expect(look[form](await fetched())).toBe(true);
  });
});

describe("masking", () => {
  test.each(codecs)("a section of %s becomes a constant tone; the rest and the length stay", async (codec) => {
    settings.audio.every = { codec, channels: 1, form: "plain" };
    const before = await fetched();
    settings.audio.masked = { [id]: [[0.5, 1.5]] };
    const after = await fetched();
    expect(after.length).toBe(before.length);
    const { dataAt, bits } = read(before);
    const second = 8_000 * (bits / 8);
    const [from, to] = [dataAt + second / 2, dataAt + 1.5 * second];
    expect(after.subarray(0, from)).toEqual(before.subarray(0, from));
    expect(after.subarray(to)).toEqual(before.subarray(to));
    const period = second / 1_000;
    expect(after.subarray(from + period, to)).toEqual(after.subarray(from, to - period));
    expect(after.subarray(from, to)).not.toEqual(before.subarray(from, to));
  });

  test("mp3 is masked too, in whole frames", async () => {
    const before = tim.audioOf(id, "mp3");
    settings.audio.masked = { [id]: [[0.5, 1]] };
    const after = tim.audioOf(id, "mp3");
    expect(after.length).toBe(before.length);
    expect(after).not.toEqual(before);
  });

  test("a section beyond the end changes nothing", async () => {
    const before = await fetched();
    settings.audio.masked = { [id]: [[100, 200]] };
    expect(await fetched()).toEqual(before);
  });
});

const sox = spawnSync("sox", ["--version"]).status === 0;
test.skipIf(!sox).each(codecs)("sox decodes %s and finds as much sound as the table says", async (codec) => {
  settings.audio.every = { codec, channels: 1 };
  const { status, stdout } = spawnSync("sox", ["-t", "wav", "-", "-t", "s16", "-"], { input: await fetched() });
  expect(status).toBe(0);
  expect(stdout.length / 2 / 8_000).toBe(Number(call.duration));
});

/** Walks the chunks, apart from the code under test. */
function read(file: Buffer) {
  const format = file.indexOf("fmt ");
  const data = file.indexOf("data", format);
  return {
    tag: file.readUInt16LE(format + 8),
    channels: file.readUInt16LE(format + 10),
    bits: file.readUInt16LE(format + 22),
    dataBytes: file.readUInt32LE(data + 4),
    dataAt: data + 8,
  };
}
