import { expect, test } from "vitest";
import type { TimSettings } from "../../../src/sources/tim/index.ts";
import { openFixture, recording, refusal } from "./fixture.ts";

test.each<[Partial<TimSettings>, RegExp]>([
  [{ url: "tim.example" }, /--tim-url is not a web address/],
  [{ url: "ftp://tim.example" }, /--tim-url is not a web address/],
  [{ url: "http://user:pass@tim.example" }, /--tim-url must not contain a login: give --tim-user/],
  [{ url: "http://tim.example/?x=1" }, /--tim-url-template/],
  [{ url: "http://tim.example/#x" }, /--tim-url-template/],
  [{ user: "" }, /--tim-user/],
  [{ password: "" }, /--tim-password-file/],
  [{ password: "secret\r\nX: y" }, /control characters; look for a stray line break in --tim-password-file/],
  [{ user: "\ud800" }, /control characters/],
  [{ urlTemplate: "{base}/x" }, /\{voicefilename\}/],
  [{ echoRewrite: [{ from: "a/b", to: "c" }] }, /--echo-rewrite/],
])("wrong settings are refused before anything is sent, naming the flag: %o", async (settings, words) => {
  const error = await refusal(openFixture(() => ({ body: "" }), settings));
  expect([error.code, error.verdict]).toEqual(["usage", "stop"]);
  expect(error.message).toMatch(words);
  expect(error.message).not.toMatch(/secret|pass@/);
});

test("slashes at the end of the address are of no matter, and a path in it is kept", async () => {
  await using fixture = await openFixture(() => ({ body: "http://echo/" }));
  await using below = await openFixture(() => ({}), { url: `${fixture.tim.origin}/tim//` });
  await below.source.link(recording(), undefined, new AbortController().signal);
  expect(fixture.tim.seen[0]?.path).toBe("/tim/voice.wav");
});

test("recordings can be named by key or permanent path, and nothing else", async () => {
  await using fixture = await openFixture(() => ({}));
  expect(fixture.source.named("/r/tim/3/4/NCS1")).toEqual(recording());
  expect(fixture.source.named("NCS1")).toBeUndefined();
  expect(fixture.source.named("https://media.example/restapi/v1.0/recording/5/content")).toBeUndefined();
});
