import { expect, it } from "vitest";
import type { LedgerEntry } from "../../src/core/ports.ts";
import { isDifference, reconcileRef } from "../../src/core/reconcile.ts";
import { callRef } from "../helpers/calls-server.ts";

const ref = { ...callRef("a"), call: { duration: 100 } };

function entry(state: LedgerEntry["state"], change: Partial<LedgerEntry> = {}): LedgerEntry {
  return { ref, state, attempts: 1, firstSeenMs: 0, changedMs: 0, runId: "r", ...change };
}

const stored = (audioSeconds?: number) => ({
  path: "a.wav",
  bytes: 1,
  sha256: "",
  contentType: "audio/wav" as const,
  ...(audioSeconds === undefined ? {} : { audioSeconds }),
});

it.each([
  ["never asked for", undefined, "missing"],
  ["failed", entry("failed", { lastError: { code: "reset", message: "broke" } }), "missing"],
  ["pending", entry("pending"), "missing"],
  ["forbidden", entry("forbidden"), "not-permitted"],
  ["gone", entry("gone"), "gone"],
  ["without a recording", entry("no-recording"), "gone"],
  ["purged", entry("purged"), "purged"],
  ["much shorter than its call", entry("done", { stored: stored(20) }), "short"],
] as const)("a recording that is %s is told as such", (_, known, finding) => {
  expect(reconcileRef(ref, known)?.finding).toBe(finding);
});

it("says nothing of a recording that is there and long enough", () => {
  expect(reconcileRef(ref, entry("done", { stored: stored(95) }))).toBeUndefined();
  expect(reconcileRef(ref, entry("done", { stored: stored(71) }))).toBeUndefined();
  expect(reconcileRef(ref, entry("done", { stored: stored() }))).toBeUndefined();
  expect(
    reconcileRef({ ...ref, call: {} }, entry("done", { ref: { ...ref, call: {} }, stored: stored(1) })),
  ).toBeUndefined();
});

it("passes on what the last attempt said", () => {
  expect(reconcileRef(ref, entry("failed", { lastError: { code: "reset", message: "broke" } }))?.message).toBe("broke");
});

it("counts as a difference what can be mended or must be known", () => {
  expect(isDifference({ finding: "missing", message: "" })).toBe(true);
  expect(isDifference({ finding: "extra", message: "" })).toBe(true);
  expect(isDifference({ finding: "gone", message: "" })).toBe(false);
  expect(isDifference({ finding: "short-recording", message: "" })).toBe(false);
});
