import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite } from "../../../src/platform/sqlite.ts";
import { openRateLimiter } from "../../../src/sources/ringcentral/rate-limiter/open-rate-limiter.ts";
import { openState, type State } from "../../../src/sources/ringcentral/state.ts";
import { leapingClock, never } from "./world.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "callreel-state-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("says in a sentence that the file is damaged, and what to do", () => {
  writeFileSync(join(dir, "ringcentral.db"), "no database at all, but long enough to be looked at ".repeat(100));
  expect(() => openState(dir)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^disk-/) }));
});

test("maps what SQLite says while the file is in use", () => {
  using state = openState(dir);
  const other = openSqlite(join(dir, "ringcentral.db"));
  other.exec("DROP TABLE documents");
  other.close();
  const refused = expect.objectContaining({ code: "disk-io", message: expect.stringMatching(/damaged: delete it/) });
  expect(() => state.read("x")).toThrow(refused);
  expect(() => state.update("x", () => ({ text: "y", result: 1 }))).toThrow(refused);
});

test("hands on what the change itself throws, and follows no symlink", () => {
  using state = openState(dir);
  const thrown = new Error("of the change");
  const fails = () => {
    throw thrown;
  };
  expect(() => state.update("x", fails)).toThrow(thrown);
  expect(state.update("x", () => ({ text: "y", result: 1 }))).toBe(1);
  const other = join(dir, "other");
  rmSync(other, { recursive: true, force: true });
  symlinkSync(dir, other);
  const linked = mkdtempSync(join(dir, "linked-"));
  symlinkSync(join(dir, "ringcentral.db"), join(linked, "ringcentral.db"));
  expect(() => openState(linked)).toThrow(expect.objectContaining({ code: "unsafe-path" }));
});

test("an answer that cannot be written down fails no answer, but the next request", async () => {
  using state = openState(dir);
  let broken = false;
  const failing: State = {
    ...state,
    update: (name, change) => {
      if (broken) throw new Error("the disk is full");
      return state.update(name, change);
    },
  };
  const clock = leapingClock(Date.now());
  using rateLimiter = openRateLimiter({
    state: failing,
    credential: "c",
    application: "a",
    clock,
    random: () => 0.5,
    report() {},
  });
  const permit = await rateLimiter.acquire("recording", never);
  broken = true;
  permit.observeResponse({ status: 429, headers: {} });
  await expect(rateLimiter.acquire("recording", never)).rejects.toThrow("the disk is full");
  rateLimiter.limited("recording", { status: 200, headers: {} });
});
