import { expect, test } from "vitest";
import { asRecordingError, type RecordingError } from "../../../src/core/model/errors.ts";
import { urlInAnswer } from "../../../src/sources/tim/token-url.ts";

const head = { status: 200, headers: {} };
const read = (body: string | Uint8Array) =>
  urlInAnswer(head, Buffer.from(body as string), "tim/3/4/N", "tim.example/voice.wav");

function refused(body: string | Uint8Array): RecordingError {
  try {
    read(body);
  } catch (thrown) {
    return asRecordingError(thrown);
  }
  throw new Error("accepted");
}

const url = "http://ECHO01:8090/Audio/%7bA%7D;x?t=a%2fb+c&&q='()|^\"<>`{}[]#frag";

test("the address is used byte for byte, whatever stands in it", () => {
  expect(read(url)).toBe(url);
});

test.each([
  ["\ufeff", ""],
  ["", "\r\n"],
  [" \t\r\n", "\n\n"],
  ["\ufeff  ", "\0\0"],
])("a byte order mark, blanks and line ends around it are not part of it", (before, after) => {
  expect(read(`${before}${url}${after}`)).toBe(url);
});

test("an answer in UTF-16 with its mark is read too", () => {
  expect(read(Buffer.from(`\ufeff${url}`, "utf16le"))).toBe(url);
});

test("letters beyond ASCII become the escapes of their bytes", () => {
  expect(read("https://echo/Zürich?t=1")).toBe("https://echo/Z%C3%BCrich?t=1");
});

test.each(["", "\ufeff", "\r\n", "\0", "  "])("an answer of nothing means that there is no recording (%j)", (body) => {
  const error = refused(body);
  expect([error.code, error.verdict]).toEqual(["no-recording", "give-up"]);
});

test.each([
  ["<!DOCTYPE html><html><title>Log in</title></html>", "an HTML page"],
  ["<html>", "an HTML page"],
  ['<?xml version="1.0"?><error/>', "XML"],
  ['{"url":"http://echo/x"}', "JSON"],
  ['"http://echo/x"', "JSON"],
  ["/audio/x.wav?t=1", "a relative address"],
  ["audio.wav?t=1", "a relative address"],
  ["ftp://echo/x.wav", "an address that is not http"],
  ["file:///c:/x.wav", "an address that is not http"],
  ["javascript:alert(1)", "an address that is not http"],
  ["http://echo/x http://echo/y", "more than one address"],
  ["http://echo/x\r\nX-Injected: 1", "more than one address"],
  ["no such recording", "other text"],
  ["http://", "a broken address"],
  [`http://echo/${"x".repeat(9000)}`, "a broken address"],
  [Buffer.from("RIFF\x24\0\0\0WAVEfmt "), "audio"],
  [Buffer.from("ID3\x04"), "audio"],
])("an answer that is no address says what it looks like", (body, looks) => {
  const error = refused(body);
  expect(error.code).toBe("bad-answer");
  expect(error.message).toContain(`with ${looks} instead of an Echo address`);
  expect(error.message).toMatch(/--tim-url/);
});

test("the answer itself is never in the message", () => {
  expect(refused("http://echo/?secret=1 http://echo/?secret=2").message).not.toContain("secret");
});
