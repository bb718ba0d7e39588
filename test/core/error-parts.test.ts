import { expect, it } from "vitest";
import { errorOf, errorParts, RecordingError } from "../../src/core/model/errors.ts";

const across = (error: RecordingError) => errorOf(structuredClone(errorParts(error)));

it("an error comes out of a thread as it went in", () => {
  const head = { status: 503, headers: { "retry-after": "7" } };
  const error = new RecordingError("server-error", "busy", {
    verdict: "give-up",
    retryAfterMs: 7000,
    head,
    body: "later",
    unsent: true,
  });
  expect(across(error)).toMatchObject({
    code: "server-error",
    message: "busy",
    verdict: "give-up",
    retryAfterMs: 7000,
    head,
    body: "later",
    unsent: true,
  });
});

it("a bare error stays bare", () => {
  const bare = across(new RecordingError("reset", "broke"));
  expect([bare.verdict, bare.unsent, bare.retryAfterMs, bare.head, bare.body, bare.cause]).toEqual([
    "retry",
    false,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it("its cause keeps the stack it had over there", () => {
  const cause = new TypeError("not a function");
  const told = across(new RecordingError("bug", "odd", { cause })).cause as Error;
  expect(told.stack).toBe(cause.stack);
  const silent = Object.assign(new Error("no stack"), { stack: undefined });
  expect((across(new RecordingError("bug", "odd", { cause: silent })).cause as Error).stack).toBe("no stack");
  expect((across(new RecordingError("bug", "odd", { cause: "text" })).cause as Error).stack).toBe("text");
});
