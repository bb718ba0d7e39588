import { expect, it } from "vitest";
import { isLoopback } from "../../src/http/networks.ts";

const hostOf = (url: string) => new URL(url).hostname;

it.each(["http://localhost:8090", "http://LOCALHOST", "http://127.0.0.1", "http://127.9.8.7", "http://[::1]:1"])(
  "%s is this machine",
  (url) => expect(isLoopback(hostOf(url))).toBe(true),
);

it.each([
  "http://127.evil.example",
  "http://127.0.0.1.example",
  "http://localhost.example",
  "http://tim.localhost",
  "http://10.0.0.1",
  "http://[::2]",
  "http://0.0.0.0",
])("%s may be another machine", (url) => expect(isLoopback(hostOf(url))).toBe(false));
