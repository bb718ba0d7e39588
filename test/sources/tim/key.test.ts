import { expect, test } from "vitest";
import { encodePart, idsOfKey, idsOfPath, keyOf } from "../../../src/sources/tim/recording-key.ts";

const ids = (datasource: string, voicelocation: string, voicefilename: string) => ({
  datasource,
  voicelocation,
  voicefilename,
});

test.each([
  ids("3", "4", "NCS00000000EA39883596CC41E799B4630006CF2D56"),
  ids("\\3\\", "4", "344f91cf-ba35-48e4-8080-a80a3816f5e7"),
  ids("a/b", "c?d#e", "f&g=h+i j%41"),
  ids(".", "..", "..."),
  ids("Zürich", "日本", "it's (a) *!"),
  ids("\0", " ", "%2E%2E"),
])("the key of %o leads back to it and has no part that is a step up", (each) => {
  const key = keyOf(each);
  expect(idsOfKey(key)).toEqual(each);
  expect(key).toMatch(/^tim(\/[\w.~%-]+){3}$/);
  expect(key.split("/").some((part) => part === "." || part === "..")).toBe(false);
});

test("a key is what the permanent path of the player holds", () => {
  expect(keyOf(ids("\\3\\", "4", "NCS 1"))).toBe("tim/%5C3%5C/4/NCS%201");
});

test.each([
  "tim/3/4",
  "tim/3/4/5/6",
  "tim/3//5",
  "tim/3/4/%zz",
  "tim/3/4/%6eCS",
  "tim/3/4/a b",
  "ringcentral/5",
  "tim/../4/5",
])("%s is no key, as no recording has it", (text) => {
  expect(idsOfKey(text)).toBeUndefined();
});

test.each([
  "tim/3/4/NCS%201",
  "/r/tim/3/4/NCS%201",
  "http://127.0.0.1:8080/r/tim/3/4/NCS%201",
  "https://player.example/r/tim/3/4/NCS%201?download=1#t=5",
  " tim/3/4/NCS 1 ",
])("%s names a recording as a person may give it", (text) => {
  expect(idsOfPath(text)).toEqual(ids("3", "4", "NCS 1"));
});

test.each(["NCS1", "/r/ringcentral/5", "https://tim.example/tim/3/4/5", "tim/3/4/%e0%a4%a", ""])(
  "%s names no TIM recording",
  (text) => {
    expect(idsOfPath(text)).toBeUndefined();
  },
);

test("parts are escaped as RFC 3986 says, beyond what encodeURIComponent leaves", () => {
  expect(encodePart("a-b_c.d~e !'()*&+/\\")).toBe("a-b_c.d~e%20%21%27%28%29%2A%26%2B%2F%5C");
});
