import { expect, test } from "vitest";
import { folded } from "../../src/core/folding.ts";
import {
  insightsNameOf,
  transcribedStem,
  transcriptExtension,
  transcriptNames,
} from "../../src/core/transcripts/names.ts";
import { readTranscript } from "../../src/core/transcripts/read.ts";
import { joinedSpoken, lineWith, mostSpokenLetters } from "../../src/core/transcripts/spoken.ts";

const read = (extension: "vtt" | "srt" | "json" | "txt", text: string | Uint8Array) =>
  readTranscript(extension, typeof text === "string" ? new TextEncoder().encode(text) : text);

test("WebVTT: cues with and without hours, speakers, tags and entities; notes, styles and settings are passed over", () => {
  const text = [
    "WEBVTT - made by hand\r\n",
    "NOTE not said\r\n",
    "STYLE\n::cue { color: red }\n",
    "intro\n00:01.500 --> 00:00:04.000 align:start position:10%\n<v Ann Lee>Good <i>morning</i>,\nAcme &amp; Sons</v>\n",
    "01:00:00.000 --> 01:00:02.250\n<v.loud Bob>Hello<00:01:00.500> again <v Ann>and again\n",
  ].join("\n");
  expect(read("vtt", text)).toEqual([
    { at: 1.5, to: 4, speaker: "Ann Lee", text: "Good morning, Acme & Sons" },
    { at: 3600, to: 3602.25, speaker: "Bob", text: "Hello again" },
    { at: 3600, to: 3602.25, speaker: "Ann", text: "and again" },
  ]);
});

test("SubRip: commas, counters, tags; HTML that was no tag of the format stays text", () => {
  const text =
    '1\n00:00:01,000 --> 00:00:02,500\n<font color="red">Hi</font> <script>alert(1)</script>\n\n2\n00:00:03,000 --> 00:00:04,000\n{\\an8}Bye\n';
  expect(read("srt", text)).toEqual([
    { at: 1, to: 2.5, text: "Hi <script>alert(1)</script>" },
    { at: 3, to: 4, text: "Bye" },
  ]);
});

test("cues as they are found: a mark of the encoding, no empty lines, overlaps, points for commas, arrows among the words", () => {
  const srt = [
    "\ufeff1",
    "00:00:01.000 --> 00:00:03.000",
    "First of 2",
    "2",
    "00:00:02,5-->00:00:04,000  X1:10 X2:20",
    "over it",
    "go --> there",
    "",
    "3",
    "00:xx --> 00:05,000",
    "when?",
  ].join("\r\n");
  expect(read("srt", srt)).toEqual([
    { at: 1, to: 3, text: "First of 2" },
    { at: 2.5, to: 4, text: "over it go --> there" },
    { text: "when?" },
  ]);
  const vtt = "\ufeffWEBVTT\r\rNOTE\rmany\rlines\r\rREGION\rid:fred\r\r00:01.000 --> 00:02.000\r42\r";
  expect(read("vtt", vtt)).toEqual([{ at: 1, to: 2, text: "42" }]);
});

test("segments alone are lines, and numbers that only Python writes are passed over", () => {
  const segments = '[{"start":0.5,"end":1.5,"text":" Hi NaN"},{"start":NaN,"end":-Infinity,"text":"\\"NaN\\" it is"}]';
  const lines = [{ at: 0.5, to: 1.5, text: "Hi NaN" }, { text: '"NaN" it is' }];
  expect(read("json", segments)).toEqual(lines);
  expect(read("json", `{"text":"x","segments":${segments},"language":"en"}`)).toEqual(lines);
});

test("whisper.cpp's JSON has milliseconds, Whisper's has seconds, others have a text alone or nothing", () => {
  const ours = {
    transcription: [
      { offsets: { from: 1500, to: 3000 }, text: " Hello there." },
      { offsets: {}, text: "x" },
    ],
  };
  expect(read("json", JSON.stringify(ours))).toEqual([{ at: 1.5, to: 3, text: "Hello there." }, { text: "x" }]);
  const segments = [{ start: 0, end: 2.5, text: "One", speaker: "Ann" }, { start: "1", text: "Two" }, 7, { text: 8 }];
  expect(read("json", JSON.stringify({ text: "One Two", segments }))).toEqual([
    { at: 0, to: 2.5, text: "One", speaker: "Ann" },
    { text: "Two" },
  ]);
  expect(read("json", '{"text":"only this"}')).toEqual([{ text: "only this" }]);
  for (const other of ["", "[1]", "null", '{"a":1}', '{"text":', '{"segments":{}}'])
    expect(read("json", other)).toEqual([]);
});

test("RingSense's insights: what was said, by name and time, then what it wrote about the call; hostile shapes have no lines", () => {
  const insights = {
    Transcript: [
      { text: "Good morning.", start: 2.2, end: 14.5, speakerId: "p-1" },
      { text: "Hello.", start: 15, end: 16, speakerId: "p-2" },
      { text: "Bye.", start: "17", speakerId: 7 },
      { text: "Who?", start: 18, speakerId: "p-9" },
      { start: 18 },
      null,
    ],
    Summary: [{ value: "They greet.", start: 0, end: 1 }],
    Highlights: [{ value: "Hello.", start: 15, end: 16 }],
    NextSteps: [{ value: "Call back.", speakerId: "p-1" }],
    CallNotes: "none",
  };
  const speakerInfo = [
    { speakerId: "p-1", name: "Ann Lee" },
    { speakerId: "p-2", name: null },
  ];
  expect(read("json", JSON.stringify({ speakerInfo, insights }))).toEqual([
    { at: 2.2, to: 14.5, speaker: "Ann Lee", text: "Good morning." },
    { at: 15, to: 16, speaker: "Speaker 2", text: "Hello." },
    { text: "Bye." },
    { at: 18, speaker: "Speaker 3", text: "Who?" },
    { speaker: "Summary", text: "They greet." },
    { speaker: "Next step", text: "Call back." },
  ]);
  expect(read("json", '{"insights":{"Transcript":7},"speakerInfo":{}}')).toEqual([]);
});

test("insights stand beside their audio by a name of their own", () => {
  expect(insightsNameOf("a/b.mp3")).toBe("a/b.mp3.insights.json");
  expect(["a/b.mp3.insights.json", "a/b.vtt", "a/b.mp3.json"].map(transcribedStem)).toEqual([
    "a/b.mp3",
    "a/b",
    "a/b.mp3",
  ]);
});

test("plain text is read line by line, and with the times that whisper.cpp prints where they are there", () => {
  expect(read("txt", "Good morning.\n\n  How are\tyou?\n")).toEqual([
    { text: "Good morning." },
    { text: "How are you?" },
  ]);
  expect(
    read("txt", "[00:00:00.000 --> 00:00:02.500]   Good morning.\n[00:00:02.500 --> 00:00:04.000]  Bye\n"),
  ).toEqual([
    { at: 0, to: 2.5, text: "Good morning." },
    { at: 2.5, to: 4, text: "Bye" },
  ]);
  expect(read("srt", "no cues at all")).toEqual([{ text: "no cues at all" }]);
  expect(read("vtt", "WEBVTT\n")).toEqual([]);
});

test("times that cannot be are not told, and the words stay: negative, backwards, endless, unreadable", () => {
  const cue = (times: string) => read("srt", `1\n${times}\nword\n`);
  expect(cue("-00:00:01,000 --> 00:00:02,000")).toEqual([{ text: "word" }]);
  expect(cue("00:00:05,000 --> 00:00:02,000")).toEqual([{ at: 5, text: "word" }]);
  expect(cue("9999:00:00,000 --> 9999:00:01,000")).toEqual([{ text: "word" }]);
  expect(cue("soon --> later")).toEqual([{ text: "word" }]);
  expect(cue("-->")).toEqual([{ text: "1" }, { text: "-->" }, { text: "word" }]);
  expect(read("json", '{"segments":[{"start":-1,"end":2,"text":"a"},{"start":1e999,"text":"b"}]}')).toEqual([
    { text: "a" },
    { text: "b" },
  ]);
});

test("bytes of any encoding are read, and control characters and turned writing are taken out", () => {
  expect(read("txt", Uint8Array.from([0xff, 0xfe, 0x41, 0, 0xe9, 0]))).toEqual([{ text: "Aé" }]);
  expect(read("txt", Uint8Array.from([0xfe, 0xff, 0, 0x41, 0, 0xe9]))).toEqual([{ text: "Aé" }]);
  expect(read("txt", Uint8Array.from([0x43, 0x61, 0x66, 0xe9]))).toEqual([{ text: "Café" }]);
  expect(read("txt", "\ufeffa\u0000b\u202ec\u001b[1m")).toEqual([{ text: "a bc [1m" }]);
});

test("a hostile text is read in the time of a good one", () => {
  for (const text of [
    "<v ".repeat(200_000),
    "<".repeat(500_000),
    "-->\n".repeat(100_000),
    "1:".repeat(200_000),
    "{\\an".repeat(100_000),
  ]) {
    const begun = process.cpuUsage();
    for (const extension of ["vtt", "srt", "txt", "json"] as const) read(extension, text);
    expect(process.cpuUsage(begun).user).toBeLessThan(5_000_000);
  }
});

test("names: beside the audio, with or without its extension", () => {
  expect(transcriptNames("a/b.mp3").slice(0, 5)).toEqual(["a/b.vtt", "a/b.srt", "a/b.json", "a/b.txt", "a/b.mp3.vtt"]);
  expect(transcriptNames("a/b.mp3", true)).toEqual([
    "a/b.mp3.vtt",
    "a/b.mp3.srt",
    "a/b.mp3.json",
    "a/b.mp3.txt",
    "a/b.mp3.insights.json",
  ]);
  expect(["x.VTT", "a.b/c", "x.mp3"].map(transcriptExtension)).toEqual(["vtt", undefined, undefined]);
});

test("of several transcripts each says what the one with times does not", () => {
  const timed = [
    { text: "Good morning.", at: 0 },
    { text: "Bye", at: 3 },
  ];
  expect(joinedSpoken([]).lines).toEqual([]);
  expect(joinedSpoken([[{ text: "good morning. bye" }], timed]).lines).toEqual(timed);
  expect(joinedSpoken([timed, [{ text: "Bye" }, { text: "A summary" }]]).lines).toEqual([
    ...timed,
    { text: "A summary" },
  ]);
  const long = joinedSpoken([[{ text: "a".repeat(mostSpokenLetters - 1) }, { text: "more" }]]);
  expect([long.lines.length, long.cut]).toEqual([1, true]);
});

test("the line of a text: over the end of a line, without accents, by a number's digits", () => {
  const lines = [{ text: "Please call" }, { text: "Zoë Müller" }, { text: "on 020 7183-8750" }];
  expect(lineWith(lines, "call zoe")?.text).toBe("Please call");
  expect(lineWith(lines, "MULLER")?.text).toBe("Zoë Müller");
  expect(lineWith(lines, "2071838750")?.text).toBe("on 020 7183-8750");
  expect(lineWith(lines, "refund")).toBeUndefined();
  expect(lineWith(lines, "999")).toBeUndefined();
  expect(lineWith(lines, "")).toBeUndefined();
  expect(folded("é")).toBe("e");
});
