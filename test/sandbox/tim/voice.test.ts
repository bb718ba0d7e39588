import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { defaultTimSettings } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, askToken, basic, openSmallTim, tokenUrl, voiceTarget } from "./client.ts";

const odd = {
  start: "2026-05-01 09:00:00.000",
  duration: "1",
  extension: "1",
  number: null,
  name: "",
  direction: "in",
};
const oddCalls = [
  { ...odd, datasource: "\\3\\", voicelocation: "4", voicefilename: "344f91cf-ba35-48e4-8080-a80a3816f5e7" },
  { ...odd, datasource: "a&b=c", voicelocation: "+ %20", voicefilename: "Zoë's ünïcode 100% (1).wav" },
];
const tim = await openSmallTim({ data: { rows: 0, calls: oddCalls } });
const [call, odder] = [tim.recordings()[0]!, tim.recordings()[1]!];
const { settings } = tim;
const get = (target: string) => ask(tim.timUrl + target, { headers: basic(tim) });

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
  tim.clearStats();
});
afterAll(() => tim.close());

test("a good request gets 200 and one absolute Echo URL, nothing else", async () => {
  const { status, headers, text } = await askToken(tim, call);
  expect(status).toBe(200);
  expect(text).toMatch(new RegExp(`^${tim.echoUrl}/play/[0-9a-f]+\\.wav\\?token=[\\w-]+$`));
  expect(headers["content-length"]).toBe(String(text.length));
});

test("backslashes, blanks, plus, percent, ampersand and umlauts in the three columns make the round trip", async () => {
  for (const each of [call, odder])
    expect((await ask(await tokenUrl(tim, each))).body).toEqual(tim.audioOf(each.voicefilename));
  expect(Object.keys(tim.stats().audioRequests)).toEqual([
    "%5C3%5C/4/344f91cf-ba35-48e4-8080-a80a3816f5e7",
    "a%26b%3Dc/%2B%20%2520/Zo%C3%AB's%20%C3%BCn%C3%AFcode%20100%25%20(1).wav",
  ]);
});

describe("what is not understood is 400", () => {
  const id = call.voicefilename;
  test.each([
    ["no salt", `/voice.wav?cmd=getvmsg&datasource=3&recordingid=${id}&voicelocation=4`],
    ["an empty recordingid", "/voice.wav?cmd=getvmsg&datasource=3&recordingid=&voicelocation=4&salt=1"],
    ["another command", `/voice.wav?cmd=getmsg&datasource=3&recordingid=${id}&voicelocation=4&salt=1`],
    ["no query at all", "/voice.wav"],
    ["a plus for a blank", "/voice.wav?cmd=getvmsg&datasource=3&recordingid=a+b&voicelocation=4&salt=1"],
    ["a bare backslash", `/voice.wav?cmd=getvmsg&datasource=\\3\\&recordingid=${id}&voicelocation=4&salt=1`],
    ["a broken escape", `/voice.wav?cmd=getvmsg&datasource=%5&recordingid=${id}&voicelocation=4&salt=1`],
    ["a parameter twice", `/voice.wav?cmd=getvmsg&datasource=3&datasource=3&recordingid=${id}&voicelocation=4&salt=1`],
    [
      "the printed request without separators",
      `/voice.wav?cmd=getvmsg&datasource=3recordingid=${id}voicelocation=4salt=1`,
    ],
  ])("%s", async (_, target) => {
    expect((await get(target)).status).toBe(400);
  });
});

test("the printed request without separators is what the literal mode takes, and nothing else", async () => {
  settings.voice.separators = "literal";
  const { status } = await get(
    `/voice.wav?cmd=getvmsg&datasource=%5C3%5Crecordingid=${call.voicefilename}voicelocation=4salt=1`,
  );
  expect(status).toBe(200);
  expect((await askToken(tim, call)).status).toBe(400);
});

test("path and extension are settings, and the extension decides the format", async () => {
  expect((await ask(await tokenUrl(tim, call, "mp3"))).headers["content-type"]).toBe("audio/mpeg");
  Object.assign(settings.voice, { path: "/scripts/play", extensions: ["wav"] });
  expect((await askToken(tim, call)).status).toBe(404);
  expect((await get(voiceTarget(call).replace("/voice", "/scripts/play"))).status).toBe(200);
  expect((await get(voiceTarget(call).replace("/voice.wav", "/scripts/play.mp3"))).status).toBe(404);
});

describe("an unknown recording", () => {
  const stranger = { datasource: "3", voicelocation: "4", voicefilename: "NCS0" };
  test.each([
    ["404", 404, /not found/],
    ["empty", 200, /^$/],
    ["html", 200, /<html>/],
    ["500", 500, /error/],
  ] as const)("is answered as %s", async (unknown, status, body) => {
    settings.voice.unknown = unknown;
    const heard = await get(voiceTarget(stranger));
    expect(heard).toMatchObject({ status, text: expect.stringMatching(body) });
    expect(tim.stats().tokenRequests).toEqual({ "3/4/NCS0": 1 });
  });
});

test("a blocked script and a recording out of scope are refused although the login is right", async () => {
  settings.access.outOfScope = [call.voicefilename];
  expect((await askToken(tim, call)).status).toBe(403);
  expect((await askToken(tim, odder)).status).toBe(200);
  settings.access.look = "404";
  expect((await askToken(tim, call)).status).toBe(404);
  settings.access.scriptBlocked = true;
  expect((await askToken(tim, odder)).status).toBe(403);
});

describe("the dress of the answer", () => {
  test("BOM, line end, content type and a missing length", async () => {
    Object.assign(settings.answer, { bom: true, trailer: "\r\n", contentType: "audio/x-wav", contentLength: false });
    const { text, headers } = await askToken(tim, call);
    expect(text).toMatch(/^\uFEFFhttp.*\r\n$/);
    expect(headers["content-type"]).toBe("audio/x-wav");
    expect(headers["content-length"]).toBeUndefined();
  });

  test("a relative URL, another host, a redirect, any other text", async () => {
    settings.answer.url = "relative";
    expect((await askToken(tim, call)).text).toMatch(/^\/play\//);
    settings.answer.url = "absolute";
    settings.answer.echoHost = "echo.internal:8090";
    expect((await askToken(tim, call)).text).toMatch(/^http:\/\/echo\.internal:8090\/play\//);
    settings.answer.redirect = true;
    expect(await askToken(tim, call)).toMatchObject({
      status: 302,
      headers: { location: expect.stringContaining("/play/") },
    });
    Object.assign(settings.answer, { redirect: false, body: '{"url":null}' });
    expect((await askToken(tim, call)).text).toBe('{"url":null}');
  });

  test("an awkward URL works only byte for byte", async () => {
    settings.answer.awkward = true;
    const url = await tokenUrl(tim, call);
    expect((await ask(url)).status).toBe(200);
    expect(new URL(url).href).not.toBe(url);
    expect((await ask(new URL(url).href)).status).toBe(404);
  });
});

test("salts are counted, and those that come again are told", async () => {
  const target = voiceTarget(call);
  await get(target);
  await get(target);
  await askToken(tim, call);
  expect(tim.stats()).toMatchObject({ repeatedSalts: 1, tokensIssued: 3 });
  expect(Object.values(tim.stats().salts)).toEqual([2, 1]);
});
