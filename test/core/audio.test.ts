import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { audioExtensions, openAudioCheck } from "../../src/core/audio/check.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { ResponseHead } from "../../src/core/model/recording.ts";
import { formatCount } from "../../src/core/text.ts";
import { growth, linear } from "../helpers/cpu-cost.ts";
import { box, chunk, flac, id3, moov, mp3, mp4, mpegFrame, noise, ogg, oggPage, wav } from "../helpers/sound-bytes.ts";

const ok: ResponseHead = { status: 200, headers: {} };

/** The whole life of one body: what comes out, or the error. */
function conclude(body: Uint8Array | string, head: ResponseHead | null = ok, step = 64 * 1024) {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const check = openAudioCheck(() => 0);
  try {
    if (head !== null) check.head(head);
    for (let at = 0; at < bytes.length; at += step) check.chunk(bytes.subarray(at, at + step));
    return check.finish();
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
}

function headOf(status: number, headers: Record<string, string> = {}): ResponseHead {
  return { status, headers };
}

const opus = "OpusHead\x01\x01\x38\x01";
const vorbis = `\x01vorbis\0\0\0\0\x01\x40\x1f\0\0`;
const speex = `Speex   ${"\0".repeat(28)}\x40\x1f`;
const oggFlac = `\x7fFLAC\x01\0\0\x01fLaC${"\0".repeat(14)}\x01\xf4\0`;
/** An ADTS frame of AAC, 8 kHz mono, 100 bytes. */
const adts = Buffer.concat([Buffer.from([0xff, 0xf1, 0x6c, 0x40, 0x0c, 0x9f, 0xfc]), Buffer.alloc(93, 5)]);
const id3v1 = Buffer.concat([Buffer.from("TAG"), Buffer.alloc(125)]);

/** An APE tag's header with what follows it, or its footer. */
function ape(length: number, isHeader: boolean): Buffer {
  const mark = Buffer.alloc(32);
  mark.write("APETAGEX");
  mark.writeUInt32LE(length, 12);
  mark.writeUInt32LE(isHeader ? 0xa0000000 : 0x80000000, 20);
  return Buffer.concat([mark, Buffer.alloc(isHeader ? length : 0)]);
}

function au(length: number, size: number): Buffer {
  const head = Buffer.alloc(24);
  head.write(".snd");
  for (const [at, value] of [24, size, 1, 8000, 1].entries()) head.writeUInt32BE(value, 4 + at * 4);
  return Buffer.concat([head, noise(length, 3)]);
}

/** One block of 512 bytes, at 8,000 Hz, one channel, four bits a sample. */
function adpcm(tag: number, samplesInBlock: number): Buffer {
  const fields = Buffer.alloc(20);
  fields.writeUInt16LE(tag, 0);
  fields.writeUInt16LE(1, 2);
  fields.writeUInt32LE(8000, 4);
  fields.writeUInt32LE(4055, 8);
  fields.writeUInt16LE(512, 12);
  fields.writeUInt16LE(4, 14);
  fields.writeUInt16LE(2, 16);
  fields.writeUInt16LE(samplesInBlock, 18);
  return wav({ format: chunk("fmt ", fields), sound: noise(512, 1) });
}

describe("audio is told by its bytes", () => {
  const samples: Record<string, [Buffer, string, number | undefined]> = {
    "u-law WAV": [wav({ tag: 7, seconds: 2 }), "audio/wav", 2],
    "A-law WAV": [wav({ tag: 6, seconds: 2 }), "audio/wav", 2],
    "16-bit stereo WAV": [wav({ tag: 1, channels: 2, seconds: 1.5 }), "audio/wav", 1.5],
    "extensible WAV": [wav({ tag: 0xfffe }), "audio/wav", 1],
    "WAV of a codec nobody heard of": [wav({ tag: 0x1234 }), "audio/wav", 1],
    "WAV with fact and LIST chunks, one of them odd": [
      wav({ before: [chunk("fact", noise(4, 1)), chunk("LIST", noise(9001, 2))] }),
      "audio/wav",
      1,
    ],
    "WAV with chunks behind its sound": [wav({ after: [chunk("LIST", noise(40, 1))] }), "audio/wav", 1],
    "WAV with an odd number of sound bytes": [wav({ seconds: 1.000125 }), "audio/wav", 1],
    "WAV with an odd number of sound bytes and no pad": [wav({ seconds: 1.000125 }).subarray(0, -1), "audio/wav", 1],
    "WAV written to a pipe with zeros": [wav({ riffSize: 0, dataSize: 0 }), "audio/wav", 1],
    "WAV written to a pipe with ones": [wav({ riffSize: 0xffffffff, dataSize: 0xffffffff }), "audio/wav", 1],
    "WAV written to a pipe by sox": [wav({ riffSize: 0x7ffff024, dataSize: 0x7ffff000 }), "audio/wav", 1],
    "WAV with a wrong RIFF size": [wav({ riffSize: 4_000_000 }), "audio/wav", 1],
    "IMA ADPCM WAV, counted by its blocks": [adpcm(0x11, 1017), "audio/wav", 1017 / 8000],
    "IMA ADPCM WAV whose own field is 0": [adpcm(0x11, 0), "audio/wav", 1017 / 8000],
    "MS ADPCM WAV, counted by its blocks": [adpcm(2, 1012), "audio/wav", 1012 / 8000],
    "MS ADPCM WAV whose own field is 0": [adpcm(2, 0), "audio/wav", 1012 / 8000],
    "WAV without a byte rate": [wav({ format: chunk("fmt ", Buffer.alloc(16)) }), "audio/wav", undefined],
    mp3: [mp3(100), "audio/mpeg", (100 * 1152) / 44_100],
    "mp3 behind a long ID3 tag": [Buffer.concat([id3(20_000), mp3(50)]), "audio/mpeg", (50 * 1152) / 44_100],
    "mp3 behind a tag with a footer": [
      Buffer.concat([id3(30, 0x10), Buffer.alloc(10), mp3()]),
      "audio/mpeg",
      (10 * 1152) / 44_100,
    ],
    "mp3 behind padding": [Buffer.concat([id3(10), Buffer.alloc(500), mp3()]), "audio/mpeg", (10 * 1152) / 44_100],
    "mp3 behind much padding": [
      Buffer.concat([id3(10), Buffer.alloc(50_000), mp3()]),
      "audio/mpeg",
      (10 * 1152) / 44_100,
    ],
    "mp3 behind two tags and junk": [
      Buffer.concat([id3(10), id3(20), Buffer.from("junk, \xff\xfb and more", "latin1"), mp3()]),
      "audio/mpeg",
      (10 * 1152) / 44_100,
    ],
    "mp3 that begins within a frame": [mp3(11).subarray(99), "audio/mpeg", (10 * 1152) / 44_100],
    "mp3 with a tag, junk and chance bytes between its frames": [
      Buffer.concat([mp3(), id3(40), Buffer.from("junk\xff\xfb\x90\x64junk", "latin1"), mp3()]),
      "audio/mpeg",
      (20 * 1152) / 44_100,
    ],
    "mp3 with APE and ID3v1 tags behind": [
      Buffer.concat([mp3(), ape(50, true), ape(0, false), id3v1]),
      "audio/mpeg",
      (10 * 1152) / 44_100,
    ],
    "WAV around an mp3": [wav({ tag: 0x55, sound: mp3(20) }), "audio/wav", (20 * 1152) / 44_100],
    "WAV of GSM 6.10": [wav({ tag: 0x31, sound: noise(65 * 25, 1) }), "audio/wav", 1],
    "WAV of G.729": [wav({ tag: 0x83, sound: noise(1000, 1) }), "audio/wav", 1],
    "WAV of G.723.1": [wav({ tag: 0x42, sound: noise(24 * 100, 1) }), "audio/wav", 3],
    "WAV of TrueSpeech": [wav({ tag: 0x22, sound: noise(32 * 100, 1) }), "audio/wav", 3],
    "WAV behind a tag": [Buffer.concat([id3(50), wav()]), "audio/wav", 1],
    "WAV behind line ends": [Buffer.concat([Buffer.from("\r\n\0"), wav()]), "audio/wav", 1],
    "WAV with an odd chunk and no pad byte": [
      wav({ before: [chunk("LIST", noise(9, 1)).subarray(0, 17)] }),
      "audio/wav",
      1,
    ],
    "FLAC behind a tag": [Buffer.concat([id3(50), flac()]), "audio/flac", 2],
    AAC: [Buffer.concat([adts, adts, adts]), "audio/aac", (3 * 1024) / 8000],
    "AAC of one frame": [adts, "audio/aac", 1024 / 8000],
    "AAC behind a tag": [Buffer.concat([id3(50), adts, adts]), "audio/aac", (2 * 1024) / 8000],
    "narrow AMR": [Buffer.concat([Buffer.from("#!AMR\n"), Buffer.alloc(32 * 50, 0x3c)]), "audio/amr", 1],
    "wide AMR": [Buffer.concat([Buffer.from("#!AMR-WB\n"), Buffer.alloc(18 * 50, 0x04)]), "audio/amr", 1],
    "Sun's AU": [au(8000, 8000), "audio/basic", 1],
    "Sun's AU of unknown length": [au(8000, 0xffffffff), "audio/basic", 1],
    "mp3 of a single frame": [mpegFrame(), "audio/mpeg", 1152 / 44_100],
    "mp3 of a single frame and an ID3v1 tag": [
      Buffer.concat([mpegFrame(), Buffer.from("TAG"), Buffer.alloc(125)]),
      "audio/mpeg",
      1152 / 44_100,
    ],
    "mp3 with changing bit rates": [
      Buffer.concat([mpegFrame(), mpegFrame(0xfffba064, 522), mpegFrame()]),
      "audio/mpeg",
      (3 * 1152) / 44_100,
    ],
    "mp3 of MPEG-2, mono": [
      Buffer.concat([mpegFrame(0xfff344c4, 96), mpegFrame(0xfff344c4, 96)]),
      "audio/mpeg",
      (2 * 576) / 24_000,
    ],
    "mp3 of MPEG-2.5": [
      Buffer.concat([mpegFrame(0xffe318c4, 72), mpegFrame(0xffe318c4, 72)]),
      "audio/mpeg",
      (2 * 576) / 8000,
    ],
    "MPEG layer I": [
      Buffer.concat([mpegFrame(0xffff1000, 32), mpegFrame(0xffff1000, 32)]),
      "audio/mpeg",
      (2 * 384) / 44_100,
    ],
    "MPEG-2 layer I": [
      Buffer.concat([mpegFrame(0xfff71000, 68), mpegFrame(0xfff71000, 68)]),
      "audio/mpeg",
      (2 * 384) / 22_050,
    ],
    "MPEG layer II": [
      Buffer.concat([mpegFrame(0xfffd1000, 104), mpegFrame(0xfffd1000, 104)]),
      "audio/mpeg",
      (2 * 1152) / 44_100,
    ],
    "Ogg Opus": [ogg(opus, 48_000 + 312), "audio/ogg", 1],
    "Ogg Vorbis": [ogg(vorbis, 16_000), "audio/ogg", 2],
    "Ogg Speex": [ogg(speex, 16_000), "audio/ogg", 2],
    "Ogg FLAC": [ogg(oggFlac, 16_000), "audio/ogg", 2],
    "Ogg with a second stream": [
      Buffer.concat([oggPage(opus), oggPage("\x80theora", 0, 2, 9), oggPage("a", 48_312, 4), oggPage("b", 9, 4, 9)]),
      "audio/ogg",
      1,
    ],
    FLAC: [flac(), "audio/flac", 2],
    "FLAC of unknown length": [flac(0), "audio/flac", 2.048],
    "FLAC of variable blocks": [
      flac(0, 8000, [0xff, 0xf9, 0x74, 0x08, 0xc8, 0x80, 0x0f, 0x9f]),
      "audio/flac",
      (512 + 4000) / 8000,
    ],
    "FLAC with its block size in a byte": [
      flac(0, 8000, [0xff, 0xf8, 0x6c, 0x08, 1, 99, 8]),
      "audio/flac",
      (4096 + 100) / 8000,
    ],
    "FLAC with its rate in two bytes": [
      flac(0, 8000, [0xff, 0xf8, 0xcd, 0x08, 1, 0x1f, 0x40]),
      "audio/flac",
      8192 / 8000,
    ],
    "MP4 with the index in front": [mp4(moov(1000, 2500), box("mdat", noise(9000, 3))), "audio/mp4", 2.5],
    "MP4 with the index behind": [mp4(box("mdat", noise(9000, 3)), moov(8000, 4000)), "audio/mp4", 0.5],
    "MP4 with 64-bit sizes and times": [mp4(box("mdat", noise(900, 3), 1), moov(10, 25, true)), "audio/mp4", 2.5],
    "MP4 whose sound lasts to the end": [mp4(moov(1000, 2500), box("mdat", noise(900, 3), 0)), "audio/mp4", 2.5],
    "MP4 in fragments, without a length": [mp4(moov(1000, 0)), "audio/mp4", undefined],
    "MP4 without a time scale": [mp4(moov(0, 1)), "audio/mp4", undefined],
    "MP4 whose index begins unusually": [mp4(box("moov", Buffer.alloc(60))), "audio/mp4", undefined],
  };
  for (const [name, [bytes, contentType, seconds]] of Object.entries(samples)) {
    test.each([1, 61, 4096, 1 << 20])(`${name}, in pieces of %i`, (step) => {
      const found = conclude(bytes, ok, step) as { contentType: string; audioSeconds?: number };
      expect(found.contentType).toBe(contentType);
      if (seconds === undefined) expect(found).not.toHaveProperty("audioSeconds");
      else expect(found.audioSeconds).toBeCloseTo(seconds, 2);
    });
  }

  test("an mp3's own count of frames is held against the frames that came", () => {
    for (const [tag, head, length, at] of [
      ["Xing", 0xfffb9064, 417, 36],
      ["Info", 0xfffb9064, 417, 36],
      ["VBRI", 0xfffb9064, 417, 36],
      ["Info", 0xfffb90c4, 417, 21],
      ["Info", 0xfff344c4, 96, 13],
      ["Info", 0xfff34404, 96, 21],
    ] as const) {
      const first = mpegFrame(head, length);
      first.write(tag, at, "latin1");
      const announce = (frames: number) => {
        if (tag !== "VBRI") first.writeUInt32BE(1, at + 4);
        first.writeUInt32BE(frames, tag === "VBRI" ? 50 : at + 8);
      };
      const frames = Array.from({ length: 20 }, () => mpegFrame(head, length));
      const seconds = (20 * (length === 417 ? 1152 : 576)) / (length === 417 ? 44_100 : 24_000);
      announce(20);
      const whole = Buffer.concat([first, ...frames]);
      expect(conclude(whole)).toEqual({ contentType: "audio/mpeg", audioSeconds: Math.round(seconds * 1000) / 1000 });
      announce(400);
      const cut = Buffer.concat([first, ...frames]);
      expect(conclude(cut)).toMatchObject({
        code: "bad-audio",
        verdict: "retry",
        message: expect.stringMatching(/header says/),
      });
      const kept = conclude(cut, headOf(200, { "content-length": String(cut.length) }));
      expect(kept).toMatchObject({
        audioSeconds: Math.round(seconds * 1000) / 1000,
        note: expect.stringMatching(/header says/),
      });
      first.writeUInt32BE(0, tag === "VBRI" ? 50 : at + 4);
    }
  });

  test("an mp3's header without a count is no sound, and says nothing of the end", () => {
    const first = mpegFrame();
    first.write("Xing", 36, "latin1");
    const found = conclude(Buffer.concat([first, mp3(9)])) as { audioSeconds: number; note: string };
    expect(found.audioSeconds).toBeCloseTo((9 * 1152) / 44_100, 3);
    expect(found.note).toMatch(/nothing in the file shows where it ends/);
  });

  test("RF64 takes the length of its sound from its own chunk", () => {
    const ds64 = Buffer.alloc(28);
    ds64.writeBigUInt64LE(8000n, 8);
    const file = wav({ dataSize: 0xffffffff, before: [chunk("ds64", ds64)] });
    file.write("RF64");
    expect(conclude(file)).toEqual({ contentType: "audio/wav", audioSeconds: 1 });
    ds64.writeBigUInt64LE(0x1_0000_0000n, 8);
    const long = wav({ dataSize: 0xffffffff, before: [chunk("ds64", ds64)] });
    expect(conclude(long)).toMatchObject({ code: "bad-audio", verdict: "retry" });
    expect(conclude(wav({ dataSize: 0xffffffff, before: [chunk("ds64", Buffer.alloc(4))] }))).toMatchObject({
      audioSeconds: 1,
    });
  });

  test("the type is known from the first bytes on, and never from what the server claims", () => {
    const check = openAudioCheck();
    check.head(headOf(200, { "content-type": "audio/mpeg" }));
    expect(check.type).toBeUndefined();
    check.chunk(wav().subarray(0, 100));
    expect(check.type).toBe("audio/wav");
    expect(check.bytes).toBe(100);
    expect(audioExtensions["audio/wav"]).toBe("wav");
  });

  test("nothing is kept of a long body but what is still being read", () => {
    const check = openAudioCheck();
    check.chunk(mp4(box("free", Buffer.alloc(10))));
    for (let count = 0; count < 50; count += 1) check.chunk(Buffer.alloc(1000));
    expect(check.type).toBe("audio/mp4");
  });
});

describe("sound that contradicts its header", () => {
  test.each<[string, Buffer, RegExp]>([
    ["a WAV file cut behind RIFF", wav().subarray(0, 18), /ends before its sound/],
    ["a WAV file cut within its header", wav().subarray(0, 40), /ends before its sound/],
    ["a WAV file without a format", wav({ format: null }), /no format chunk/],
    ["a WAV file with a format cut short", wav({ format: chunk("fmt ", Buffer.alloc(4)) }), /no format chunk/],
    [
      "a WAV file of nothing but chunks",
      wav({ before: Array.from({ length: 300 }, () => chunk("junk", Buffer.alloc(0))) }),
      /no data chunk/,
    ],
    ["an mp3 tag without sound", id3(300), /tag without any sound/],
    ["a FLAC header cut short", flac().subarray(0, 30), /ends within its header/],
    ["an MP4 file without its index", mp4(box("mdat", noise(100, 1))), /no index/],
    ["an MP4 file cut in a box", mp4(moov(1, 1), box("mdat", noise(100, 1))).subarray(0, -10), /breaks off/],
    ["an MP4 file with a box too small", mp4(box("mdat", noise(20, 1), 4)), /breaks off/],
    [
      "an MP4 file with a long box too small",
      mp4(Buffer.concat([box("mdat", Buffer.alloc(0), 1).fill(0, 8), noise(20, 1)])),
      /breaks off/,
    ],
    ["an MP4 file that ends within a box head", mp4(Buffer.from([0, 0, 0, 9])), /breaks off/],
    ["an MP4 file that ends within a long box head", mp4(Buffer.from("\0\0\0\x01mdat", "latin1")), /breaks off/],
  ])("%s is bad-audio", (_name, bytes, message) => {
    const length = { "content-length": String(bytes.length) };
    expect(conclude(bytes, headOf(200, length))).toMatchObject({ code: "bad-audio", verdict: "give-up" });
    expect((conclude(bytes, headOf(200, length)) as Error).message).toMatch(message);
  });

  test.each<[string, Buffer, number, RegExp]>([
    [
      "a WAV whose header counts RIFF's own part",
      wav({ dataSize: 8036, riffSize: 8036 }),
      1,
      /counts 36 bytes too many/,
    ],
    ["a WAV whose header counts the whole file", wav({ dataSize: 8046 }), 1, /counts 46 bytes too many/],
    ["a WAV whose header counts a pad byte", wav({ dataSize: 8001 }), 1, /counts 1 bytes too many/],
    ["a WAV whose header says too little", wav({ dataSize: 2400 }), 1, /header that says 0.3 s/],
    ["a WAV whose header says too much", wav({ dataSize: 80_000 }), 1, /header says|says 10 s, and 1 s came/],
    ["a WAV with a wrong byte rate", wav({ byteRate: 4000 }), 1, /4000 bytes a second instead of 8000/],
    [
      "a WAV with an odd chunk without its pad",
      wav({ before: [chunk("LIST", noise(9, 1)).subarray(0, 17)] }),
      1,
      /odd chunk/,
    ],
    [
      "an mp3 with much junk within",
      Buffer.concat([mp3(), Buffer.alloc(9000, 7), mp3()]),
      0.522,
      /9000 bytes of the mp3 are not audio/,
    ],
    ["an mp3 that ends within a frame", mp3(11).subarray(0, -9), 0.261, /middle of a frame/],
    ["an AAC that ends within a frame", Buffer.concat([adts, adts]).subarray(0, -9), 0.128, /middle of a frame/],
    ["an Ogg without its last page", Buffer.concat([oggPage(opus), oggPage("a", 48_312, 0)]), 1, /no last page/],
    [
      "an Ogg that ends within a page",
      Buffer.concat([oggPage(opus), oggPage("a", 24_312), ogg(opus, 48_312).subarray(oggPage(opus).length, -5)]),
      0.5,
      /middle of a page/,
    ],
    ["a FLAC cut in half", flac(160_000), 2.048, /header says 20 s, and 2 s came/],
    ["an AU cut in half", au(8000, 16_000), 1, /header says 2 s, and 1 s came/],
  ])("%s is kept with a note when its length was announced", (_name, bytes, seconds, note) => {
    const kept = conclude(bytes, headOf(200, { "content-length": String(bytes.length) })) as { audioSeconds: number };
    expect(kept).toMatchObject({ note: expect.stringMatching(note) });
    expect(kept.audioSeconds).toBeCloseTo(seconds, 2);
  });

  test.each<[string, Buffer]>([
    ["a WAV", wav({ dataSize: 80_000 })],
    ["an mp3", mp3(11).subarray(0, -9)],
    ["an Ogg", Buffer.concat([oggPage(opus), oggPage("a", 48_312, 0)])],
    ["a FLAC", flac(160_000)],
    ["an AU", au(8000, 16_000)],
  ])("%s that seems cut is tried again when no length was announced", (_name, bytes) => {
    expect(conclude(bytes)).toMatchObject({
      code: "bad-audio",
      verdict: "retry",
      message: expect.stringMatching(/not whole/),
    });
  });

  test.each<[string, Buffer, RegExp]>([
    [
      "an mp3 with zeros as its second half",
      Buffer.concat([mp3(100), Buffer.alloc(41_700)]),
      /continues with 41700 bytes/,
    ],
    [
      "an Ogg with other bytes as its second half",
      Buffer.concat([ogg(opus, 48_312), Buffer.alloc(9000)]),
      /continues with bytes/,
    ],
    [
      "an AAC with other bytes as its second half",
      Buffer.concat([adts, adts, Buffer.alloc(9000)]),
      /continues with bytes/,
    ],
    [
      "a u-law WAV with zeros as its second half",
      wav({ sound: Buffer.concat([noise(40_000, 1), Buffer.alloc(40_000)]) }),
      /are zeros/,
    ],
    [
      "a long u-law WAV with zeros at its end",
      wav({ sound: Buffer.concat([noise(600_000, 1), Buffer.alloc(70_000)]) }),
      /are zeros/,
    ],
    [
      "sound with a page behind it",
      Buffer.concat([wav(), Buffer.from(`<html>${"x".repeat(90)}</html>\n`)]),
      /ends in a web page/,
    ],
  ])("%s is refused, and tried again", (_name, bytes, message) => {
    const error = conclude(bytes, headOf(200, { "content-length": String(bytes.length) }));
    expect(error).toMatchObject({ code: "bad-audio", verdict: "retry", message: expect.stringMatching(message) });
  });

  test.each<[string, Buffer]>([
    ["a FLAC header that promises twelve days", flac(8_294_400_000 % 2 ** 32).subarray(0, 42)],
    ["a FLAC without a frame that is one", flac(0, 8000, [0xff, 0xf8, 0x04, 0x08, 0xff])],
    ["a FLAC whose frame number is none", flac(0, 8000, [0xff, 0xf8, 0xc4, 0x08, 0xc8, 0x08])],
    [
      "a FLAC whose last bytes only look like a frame",
      Buffer.concat([flac().subarray(0, 42), Buffer.from([0xff, 0xf8, 0xc4, 8, 3, 0, 0, 0])]),
    ],
    ["an Ogg header without sound", oggPage(opus)],
    ["an mp3 of half a frame", Buffer.concat([mpegFrame(), Buffer.from("TAG")]).subarray(0, 300)],
    ["an AMR header without sound", Buffer.from("#!AMR\n")],
    ["an AU header without sound", au(0, 0)],
    ["an AU header cut short", au(100, 100).subarray(0, 12)],
  ])("%s is no sound", (_name, bytes) => {
    expect(conclude(bytes, headOf(200, { "content-length": String(bytes.length) }))).toBeInstanceOf(RecordingError);
  });

  test("it may be whole next time when no length was announced", () => {
    expect(conclude(wav().subarray(0, 4000))).toMatchObject({ code: "bad-audio", verdict: "retry" });
  });

  test("a WAV header without sound is empty", () => {
    expect(conclude(wav({ seconds: 0 }))).toMatchObject({ code: "empty-body" });
  });
});

describe("what is no audio", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["a page", "<!DOCTYPE html><html><body>Not here</body></html>", "a web page instead"],
    ["a login page", "\n<html><form><input type=password></form></html>", "a web page that asks for a login"],
    ["an API's error", '{"errorCode":"CMN-102"}', "a JSON answer"],
    ["a list", "  [1,2]", "a JSON answer"],
    ["XML", '<?xml version="1.0"?><error/>', "an XML answer"],
    ["a sentence", "no recording", "plain text"],
    ["blanks", "  \r\n", "blank text"],
    ["a UTF-16 page", Buffer.from("\ufeff<html><body>x", "utf16le"), "a web page"],
    ["big-endian text", Buffer.from([0xfe, 0xff, 0, 0x41]), "plain text"],
    ["a ZIP archive", Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(100)]), "a ZIP archive"],
    ["a PDF", Buffer.concat([Buffer.from("%PDF-1.4"), Buffer.alloc(100)]), "a PDF document"],
    ["compressed data", Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(100)]), "gzip-compressed data"],
    [
      "a RIFF picture",
      Buffer.concat([Buffer.from("RIFF\x10\0\0\0WEBP"), Buffer.alloc(100)]),
      "not audio (a picture or a video)",
    ],
    ["an Ogg video", oggPage("\x80theora"), "an Ogg file that is not audio"],
    ["a PNG", Buffer.concat([Buffer.from("\x89PNG", "latin1"), Buffer.alloc(100)]), "a picture"],
    ["random bytes", Buffer.concat([Buffer.alloc(1), noise(9000, 5)]), "unknown audio format"],
    ["one frame that nothing follows", Buffer.concat([mpegFrame(), noise(9000, 5)]), "unknown audio format"],
    ["a frame of a reserved layer", mpegFrame(0xfff99064), "unknown audio format"],
    ["a frame of a reserved version", mpegFrame(0xffeb9064), "unknown audio format"],
    ["a frame of a reserved sample rate", mpegFrame(0xfffb9c64), "unknown audio format"],
    ["a frame of free bit rate", mpegFrame(0xfffb0064), "unknown audio format"],
    ["a frame of a bad bit rate", mpegFrame(0xfffbf064), "unknown audio format"],
    ["two bytes", Buffer.from([0xff, 0x01]), "unknown audio format"],
  ])("%s is refused for what it is", (_name, body, words) => {
    const error = conclude(body) as RecordingError;
    expect(error).toMatchObject({ code: "not-audio", verdict: "give-up" });
    expect(error.message).toContain(words);
  });

  test("its text is kept for the source to judge, never put into the message", () => {
    const error = conclude(
      "secret=42 <b>is no audio</b>",
      headOf(200, { "content-type": "audio/wav" }),
    ) as RecordingError;
    expect(error.body).toBe("secret=42 <b>is no audio</b>");
    expect(error.head?.headers["content-type"]).toBe("audio/wav");
    expect(error.message).not.toContain("secret");
  });

  test("binary data is dropped at once, text after 64 KiB", () => {
    const binary = openAudioCheck();
    expect(() => binary.chunk(Buffer.concat([Buffer.alloc(1), noise(9000, 5)]))).toThrow(/an unknown audio format/);
    const text = openAudioCheck();
    const line = Buffer.from("x".repeat(10_000));
    expect(() => {
      for (let count = 0; count < 6; count += 1) text.chunk(line);
    }).not.toThrow();
    expect(text.refused).toBe(true);
    expect(() => text.chunk(line)).toThrow(/plain text/);
  });

  test("drips of text cost no more than their bytes", () => {
    const drip = (size: number) =>
      expect(conclude("x".repeat(size), ok, 1)).toMatchObject({ code: "not-audio", body: "x".repeat(size) });
    expect(growth(drip, 60_000)).toBeLessThan(linear);
  });

  test("without a head it is refused all the same", () => {
    const error = conclude("words", null) as RecordingError;
    expect(error).toMatchObject({ code: "not-audio", head: undefined });
    expect(conclude("", null)).toMatchObject({ code: "empty-body", head: undefined });
  });
});

describe("lengths", () => {
  test("an empty answer is empty-body", () => {
    expect(conclude("", headOf(200, { "content-length": "0" }))).toMatchObject({ code: "empty-body" });
    expect(conclude("", headOf(204))).toMatchObject({ code: "empty-body" });
  });

  test("another length than announced is wrong-length, before anything else", () => {
    for (const length of [7999, 9000]) {
      const error = conclude(wav(), headOf(200, { "content-length": String(length) })) as RecordingError;
      expect(error).toMatchObject({ code: "wrong-length", verdict: "retry" });
      expect(error.message).toContain(formatCount(length));
    }
    expect(conclude("", headOf(200, { "content-length": "5" }))).toMatchObject({ code: "wrong-length" });
  });

  test("a length that is none is not looked at", () => {
    expect(conclude(wav(), headOf(200, { "content-length": "many" }))).toMatchObject({ contentType: "audio/wav" });
  });

  test("bytes of an earlier attempt count when the answer continues them", () => {
    const bytes = wav();
    const rest = bytes.subarray(3000);
    for (const headers of [
      { "content-length": String(rest.length) },
      { "content-range": `bytes 3000-${bytes.length - 1}/${bytes.length}` },
    ]) {
      const check = openAudioCheck();
      check.chunk(bytes.subarray(0, 3000));
      check.head(headOf(206, headers));
      check.chunk(rest.subarray(0, 100));
      expect(() => check.finish()).toThrow(/announced/);
      check.chunk(rest.subarray(100));
      expect(check.finish()).toEqual({ contentType: "audio/wav", audioSeconds: 1 });
    }
  });
});

describe("answers other than 2xx", () => {
  test("keep their head and text for the source", () => {
    const error = conclude(
      '{"errorCode":"AGW-401"}',
      headOf(401, { "content-type": "application/json" }),
    ) as RecordingError;
    expect(error).toMatchObject({ code: "http-error", verdict: "give-up", body: '{"errorCode":"AGW-401"}' });
    expect(error.head?.status).toBe(401);
    expect(error.message).toBe("The server refused the audio (401).");
  });

  test("keep at most 64 KiB of text and cut the rest off", () => {
    const error = conclude("x".repeat(200_000), headOf(404)) as RecordingError;
    expect(error.code).toBe("http-error");
    expect(error.body?.length).toBe(64 * 1024);
  });

  test("even sound is not taken from them", () => {
    expect(conclude(wav(), headOf(404))).toMatchObject({ code: "http-error", body: undefined });
  });

  test.each([500, 502, 503, 504, 408, 425])("%i is a passing failure", (status) => {
    expect(conclude("busy", headOf(status))).toMatchObject({ code: "server-error", verdict: "retry", body: "busy" });
  });

  test("a redirect is told as one", () => {
    expect((conclude("", headOf(302)) as Error).message).toContain("sending elsewhere");
  });

  test.each<[string, Record<string, string>, number | undefined]>([
    ["seconds", { "retry-after": "60" }, 60_000],
    ["a fraction", { "retry-after": "0.5" }, 500],
    [
      "a date, by the server's own clock",
      { "retry-after": "Thu, 02 Jan 2020 00:00:30 GMT", date: "Thu, 02 Jan 2020 00:00:00 GMT" },
      30_000,
    ],
    ["a date, by ours", { "retry-after": "Thu, 01 Jan 1970 00:00:05 GMT" }, 5000],
    ["an old-fashioned date", { "retry-after": "Thu Jan  1 00:00:07 1970" }, 7000],
    ["a date that is over", { "retry-after": "Wed, 01 Jan 1969 00:00:05 GMT" }, 0],
    ["no date", { "retry-after": "Xyz, soon" }, undefined],
    ["nonsense", { "retry-after": "soon" }, undefined],
    ["a blank", { "retry-after": " " }, undefined],
    ["nothing", {}, undefined],
  ])("429 says how long to wait: %s", (_name, headers, ms) => {
    expect(conclude("", headOf(429, headers))).toMatchObject({
      code: "rate-limited",
      verdict: "retry",
      retryAfterMs: ms,
    });
  });

  test("a refusal leaves the bytes of an earlier attempt uncounted", () => {
    const check = openAudioCheck();
    check.chunk(wav().subarray(0, 3000));
    check.head(headOf(503));
    check.chunk(Buffer.from("later"));
    expect(check.bytes).toBe(3000);
    expect(() => check.finish()).toThrow(expect.objectContaining({ code: "server-error", body: "later" }));
  });
});

const noFfmpeg = spawnSync("ffmpeg", ["-version"]).error === undefined ? undefined : "needs the Debian package ffmpeg";

test.skipIf(noFfmpeg)(`what ffmpeg writes is understood, and its length told${noFfmpeg ? `: ${noFfmpeg}` : ""}`, () => {
  const kinds: readonly [string, readonly string[], string][] = [
    ["audio/wav", ["-c:a", "pcm_alaw"], "wav"],
    ["audio/wav", ["-c:a", "gsm_ms"], "wav"],
    ["audio/mpeg", ["-b:a", "32k"], "mp3"],
    ["audio/flac", [], "flac"],
    ["audio/ogg", ["-c:a", "libopus", "-ar", "48000"], "ogg"],
    ["audio/mp4", ["-movflags", "frag_keyframe+empty_moov"], "mp4"],
  ];
  for (const [type, options, format] of kinds) {
    const made = spawnSync(
      "ffmpeg",
      [
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=440:duration=2",
        "-ar",
        "8000",
        "-ac",
        "1",
        ...options,
        "-f",
        format,
        "-",
      ],
      { maxBuffer: 1 << 24 },
    );
    const found = conclude(made.stdout) as { contentType: string; audioSeconds?: number };
    expect(found.contentType).toBe(type);
    if (found.audioSeconds !== undefined) expect(Math.abs(found.audioSeconds - 2)).toBeLessThan(0.2);
  }
});

test.each([
  ["a WAV", wav({ seconds: 3 })],
  ["an mp3", mp3(400)],
  ["a FLAC", flac()],
  ["an Ogg", ogg(opus, 5)],
])("%s is judged the same when its chunks are taken away after each step", (_name, body) => {
  const whole = conclude(body);
  for (const step of [1, 100, 1000, 4096]) {
    const check = openAudioCheck(() => 0);
    check.head(ok);
    const outcome = () => {
      for (let at = 0; at < body.length; at += step) {
        const chunk = Buffer.from(body.subarray(at, at + step));
        check.chunk(chunk);
        chunk.fill(0);
      }
      return check.finish();
    };
    if (whole instanceof RecordingError) expect(outcome).toThrow(whole.message);
    else expect(outcome()).toEqual(whole);
  }
});

test("claims no length that its bytes cannot hold", () => {
  const check = openAudioCheck();
  const body = ogg("OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0", 48_000 * 1_000_000);
  check.head({ status: 200, headers: { "content-length": String(body.length) } });
  check.chunk(body);
  const found = check.finish();
  expect(found.audioSeconds).toBeUndefined();
  expect(found.note).toMatch(/^Its header says it lasts \d+ s, too long for its \d+ bytes\.$/);
});

test("counts the frames of an mp3 behind junk alike, whatever pieces it comes in", () => {
  const body = Buffer.concat([mp3(10), Buffer.from("\r\n\r\n", "latin1"), mp3(10)]);
  const counted = [1, 7, 33, 418, body.length].map((size) => {
    const check = openAudioCheck();
    check.head({ status: 200, headers: { "content-length": String(body.length) } });
    for (let at = 0; at < body.length; at += size) check.chunk(body.subarray(at, at + size));
    return check.finish().audioSeconds;
  });
  expect(new Set(counted).size).toBe(1);
});

describe("what a server or a proxy put behind half of the sound", () => {
  const page = "<html><head><title>502</title></head></html>\r\n";
  test.each([
    ["a page", page, "a web page"],
    ["a page with comments behind it", `${page}<!-- padding -->\r\n<!-- more of it -->\r\n`, "a web page"],
    ["an error", '{"errorCode":"CMN-500","message":"Internal error"}', "an error message"],
    ["an error in lines", '{\n  "message": "Endpoint request timed out"\n}\n', "an error message"],
  ])("%s is no end of a recording, in whatever pieces it comes", (_, behind, what) => {
    for (const body of [mp3(), wav({ seconds: 3 })]) {
      const bytes = Buffer.concat([body, Buffer.from(behind)]);
      const head = headOf(200, { "content-length": String(bytes.length) });
      for (const step of [7, 100, 64 * 1024]) {
        expect(conclude(bytes, head, step)).toMatchObject({ code: "bad-audio", message: `The sound ends in ${what}.` });
      }
    }
  });
});
