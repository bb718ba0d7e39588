import { expect, test } from "vitest";
import { authorityOf, checkRewrite, isAtHost, rewriteEcho } from "../../../src/sources/tim/echo-rewrite.ts";

test.each([
  ["http://echo01:8090/a%2f?t=1", "echo01", "10.0.0.5", "http://10.0.0.5:8090/a%2f?t=1"],
  ["http://ECHO01:8090/a", "echo01", "10.0.0.5:80", "http://10.0.0.5:80/a"],
  ["http://echo01:8090/a", "echo01:8090", "10.0.0.5", "http://10.0.0.5:8090/a"],
  ["http://echo01/a", "echo01", "gate.example:9000", "http://gate.example:9000/a"],
  ["https://echo01?t=http://echo01/", "echo01", "b", "https://b?t=http://echo01/"],
  ["http://echo01/$&$1", "echo01", "b", "http://b/$&$1"],
  ["http://[fe80::1]:81/a", "[fe80::1]", "[::1]", "http://[::1]:81/a"],
  ["http://echo01:8090/a", "echo01:80", "x", "http://echo01:8090/a"],
  ["http://echo011/a", "echo01", "x", "http://echo011/a"],
  ["http://other/echo01", "echo01", "x", "http://other/echo01"],
])("%s with %s=%s becomes %s", (url, from, to, rewritten) => {
  expect(rewriteEcho(url, [{ from, to }])).toBe(rewritten);
});

test("the first rewrite that fits is the one that counts", () => {
  const rewrites = [
    { from: "b", to: "x" },
    { from: "a", to: "b" },
    { from: "a", to: "c" },
  ];
  expect(rewriteEcho("http://a/", rewrites)).toBe("http://b/");
});

test("a login inside an address is not taken for its host", () => {
  expect(authorityOf("http://user:pass@Echo:81/a@b")).toBe("echo:81");
  expect(rewriteEcho("http://user:pass@echo:81/a", [{ from: "echo", to: "b" }])).toBe("http://b:81/a");
});

test.each([
  ["", "b"],
  ["a", ""],
  ["a/b", "c"],
  ["a", "http://b"],
  ["a", "b:port"],
  ["a", "user@b"],
  ["a", "b?c"],
])("%j=%j is refused with the flag to correct", (from, to) => {
  expect(() => checkRewrite({ from, to })).toThrow(/--echo-rewrite/);
});

test.each([
  ["http://evil.example\\@tim.example/x", "evil.example"],
  ["http://tim.example@evil.example/x", "evil.example"],
  ["http://evil.example:80\\@tim.example:80/x", "evil.example"],
  ["http:///evil.example/x", "evil.example"],
  ["not an address", ""],
])("takes the host of %s for %s, as a request does", (url, host) => {
  expect(authorityOf(url)).toBe(host);
  expect(isAtHost(url, "tim.example")).toBe(false);
});
