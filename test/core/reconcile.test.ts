import { expect, it } from "vitest";
import type { LedgerEntry } from "../../src/core/model/ledger.ts";
import { isDifference, isWell, reconcileExpired, reconcileRef } from "../../src/core/proof/reconcile.ts";
import { callRef } from "../helpers/calls-server.ts";
import { openRandom } from "../helpers/fuzz.ts";

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

const look = () => ({ bytes: 1 });

it.each([
  ["never asked for", undefined, "missing"],
  ["failed", entry("failed", { lastError: { code: "reset", message: "broke" } }), "missing"],
  ["pending", entry("pending"), "missing"],
  ["not ready", entry("pending", { lastError: { code: "not-ready", message: "soon" } }), "not-ready"],
  ["of another size", entry("done", { stored: { ...stored(95), bytes: 2 } }), "damaged"],
  ["damaged, as verify found", entry("done", { stored: stored(95), damage: "another SHA-256" }), "damaged"],
  ["forbidden", entry("forbidden"), "forbidden"],
  ["gone", entry("gone"), "gone"],
  ["without a recording", entry("no-recording"), "gone"],
  ["purged", entry("purged"), "purged"],
  ["much shorter than its call", entry("done", { stored: stored(20) }), "short"],
] as const)("a recording that is %s is told as such", (_, known, finding) => {
  expect(reconcileRef(ref, known, look)?.kind).toBe(finding);
});

it("says nothing of a recording that is there and long enough", () => {
  expect(reconcileRef(ref, entry("done", { stored: stored(95) }), look)).toBeUndefined();
  expect(reconcileRef(ref, entry("done", { stored: stored(71) }), look)).toBeUndefined();
  expect(reconcileRef(ref, entry("done", { stored: stored() }), look)).toBeUndefined();
  expect(
    reconcileRef({ ...ref, call: {} }, entry("done", { ref: { ...ref, call: {} }, stored: stored(1) }), look),
  ).toBeUndefined();
});

it("passes on what the last attempt said", () => {
  expect(reconcileRef(ref, entry("failed", { lastError: { code: "reset", message: "broke" } }), look)?.message).toBe(
    "broke",
  );
});

it("counts as a difference what can be mended or must be known", () => {
  expect(isDifference({ kind: "missing", message: "" })).toBe(true);
  expect(isDifference({ kind: "extra", message: "" })).toBe(true);
  expect(isDifference({ kind: "gone", message: "" })).toBe(true);
  expect(isDifference({ kind: "short-recording", message: "" })).toBe(false);
});

it("tells whose word it is that a recording is gone, which is a difference until it is proven", () => {
  const evidence = {
    says: "gone",
    by: "m",
    times: 2,
    firstMs: 0,
    lastMs: 90_000_000,
    proven: true,
    askedMs: 0,
  } as const;
  const lastError = { code: "gone", message: "It is gone." };
  const proven = reconcileRef(ref, entry("gone", { lastError, evidence }), look);
  expect(proven).toMatchObject({
    kind: "gone",
    evidence,
    message: expect.stringContaining("It is gone. (m said so 2"),
  });
  expect(proven && isDifference(proven)).toBe(false);
  const said = reconcileRef(ref, entry("gone", { lastError, evidence: { ...evidence, proven: false } }), look);
  expect(said && isDifference(said)).toBe(true);
  expect(reconcileRef(ref, entry("gone", { lastError }), look)?.message).toBe("It is gone. (not proven yet)");
});

it("tells a held recording without its file as missing, and says nothing of one that is held without a file", () => {
  expect(reconcileRef(ref, entry("done", { stored: stored(95) }), () => undefined)).toMatchObject({
    kind: "missing",
    message: expect.stringContaining("a.wav is not there"),
  });
  expect(reconcileRef(ref, entry("done"), () => undefined)).toBeUndefined();
});

it.each([
  ["never asked for", undefined, false, "unprovable", false],
  ["never asked for, where its source tells no retention", undefined, true, "missing", true],
  ["known and never fetched", entry("pending"), false, "missing", true],
  ["cut since", entry("done", { stored: { ...stored(95), bytes: 2 } }), false, "damaged", true],
] as const)("a recording past retention that was %s", (_, known, assumed, kind, differs) => {
  const found = reconcileExpired(ref, known, look, { assumed });
  expect([found?.kind, found && isDifference(found)]).toEqual([kind, differs]);
});

it("a recording past retention that is held is as it should be", () => {
  expect(reconcileExpired(ref, entry("done", { stored: stored(95) }), look, { assumed: false })).toBeUndefined();
});

it("calls well at first sight exactly what it then says nothing of", () => {
  const random = openRandom();
  const pick = <Value>(values: readonly Value[]) => values[random(values.length)] as Value;
  const callOf = () => {
    const duration = pick([undefined, 0, 40, 100, 3600]);
    return duration === undefined ? {} : { duration };
  };
  const told = new Set<boolean>();
  for (let round = 0; round < 5000; round += 1) {
    const [listed, known] = [
      { ...ref, call: callOf() },
      { ...ref, call: callOf() },
    ];
    const held = { ...stored(pick([undefined, 0, 9, 60, 95])), bytes: pick([1, 2]) };
    const stands = pick([undefined, { bytes: 1 }]);
    const tolerance = pick([
      { seconds: 30, part: 0.5 },
      { seconds: 0, part: 0 },
    ]);
    const rules = pick([{}, { tolerance }]);
    const finding = reconcileRef(listed, entry("done", { ref: known, stored: held }), () => stands, rules);
    const well = isWell(listed, { ...held, ...known.call }, () => stands, rules);
    if (well !== (finding === undefined)) expect([listed, known, held, stands, rules]).toBe(finding);
    told.add(well);
  }
  expect(told.size).toBe(2);
});
