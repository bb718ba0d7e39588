import { expect, test } from "vitest";
import { asRecordingError } from "../../../src/core/model/errors.ts";
import { compileTemplate, defaultTemplate, targetOf } from "../../../src/sources/tim/token-url.ts";

const base = new URL("http://tim.example:8090");
const ids = { datasource: "\\3\\", voicelocation: "4 a", voicefilename: "N&C=S+1" };
const now = Date.UTC(2026, 4, 1, 9, 3, 7);

test("the default is the vendor's request, each value escaped and each parameter set off by &", () => {
  const url = compileTemplate(defaultTemplate, base, "wav", () => 0)(ids, now);
  expect(url).toBe(
    "http://tim.example:8090/voice.wav?cmd=getvmsg&datasource=%5C3%5C&recordingid=N%26C%3DS%2B1&voicelocation=4%20a&salt=639132229870000000",
  );
  const query = new URL(url).searchParams;
  expect([query.get("datasource"), query.get("recordingid"), query.get("voicelocation")]).toEqual([
    ids.datasource,
    ids.voicefilename,
    ids.voicelocation,
  ]);
});

test("the salt is the time in .NET ticks and never the same twice, whatever clock and chance say", () => {
  const build = compileTemplate(defaultTemplate, base, "wav", () => 0);
  const salts = Array.from({ length: 1000 }, () => new URL(build(ids, now)).searchParams.get("salt") ?? "");
  expect(new Set(salts).size).toBe(1000);
  // 621355968000000000 ticks lie between the years 1 and 1970.
  expect(Number((BigInt(salts[0] ?? "") - 621_355_968_000_000_000n) / 10_000n)).toBe(now);
});

test("the path's extension follows the format, below the base's own path", () => {
  const url = compileTemplate(defaultTemplate, new URL("https://host/tim"), "mp3", () => 0)(ids, now);
  expect(url).toMatch(/^https:\/\/host\/tim\/voice\.mp3\?cmd=getvmsg&/);
});

test("a template without separators reproduces the vendor's page to the letter", () => {
  const literal =
    "{base}/voice.wav?cmd=getvmsg&datasource={datasource}recordingid={voicefilename}voicelocation={voicelocation}salt={salt}";
  const url = compileTemplate(literal, base, "wav", () => 0)({ ...ids, datasource: "3" }, now);
  expect(url).toContain("&datasource=3recordingid=N%26C%3DS%2B1voicelocation=4%20asalt=6391");
});

test("a template may begin with a slash, and a value cannot step out of the path it stands in", () => {
  const build = compileTemplate("/audio/{datasource}/{voicefilename}.wav", base, "wav", () => 0);
  expect(build({ ...ids, datasource: "..", voicefilename: "../../admin" }, now)).toBe(
    "http://tim.example:8090/audio/%2E%2E/..%2F..%2Fadmin.wav",
  );
});

test.each([
  ["{base}/voice.wav?id={voicefile}", /knows no \{voicefile\}/],
  ["{base}/voice.wav?cmd=getvmsg&salt={salt}", /must contain \{voicefilename\}/],
  ["http://evil.example/voice.wav?id={voicefilename}", /must lead to the server of --tim-url/],
  ["{base}@evil.example/{voicefilename}", /must lead to the server of --tim-url/],
  ["https://tim.example:8090/{voicefilename}", /must lead to the server of --tim-url/],
  ["voice.wav?id={voicefilename}", /must lead to the server of --tim-url/],
  ["{base}/voice.wav?id={voicefilename}#{salt}", /plain address/],
  ["{base}/tönend.wav?id={voicefilename}", /plain address/],
])("the template %s is refused", (template, words) => {
  try {
    compileTemplate(template, base, "wav", () => 0);
  } catch (thrown) {
    const error = asRecordingError(thrown);
    expect(error.code).toBe("usage");
    expect(error.message).toMatch(words);
    expect(error.message).toContain("--tim-url-template");
    return;
  }
  throw new Error("accepted");
});

test("path and query are taken as they go out, also when the address begins the query at once", () => {
  expect(targetOf("http://h:1/a/b?c=%20//d")).toBe("/a/b?c=%20//d");
  expect(targetOf("http://h?c=d")).toBe("/?c=d");
  expect(targetOf("http://h")).toBe("/");
});
