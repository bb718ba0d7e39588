import { describe, expect, it } from "vitest";
import type { LedgerEntry } from "../../src/core/model/ledger.ts";
import { overlaps, uncovered } from "../../src/core/proof/coverage.ts";
import { openReportTally, reportLine, undatedLine } from "../../src/core/proof/report.ts";
import { ref, stored } from "../contracts/ledger.ts";

describe("what was never listed", () => {
  const period = { fromMs: 10, toMs: 20 };
  const left = (...covered: [number, number][]) =>
    uncovered(
      period,
      covered.map(([fromMs, toMs]) => ({ fromMs, toMs })),
    ).map(({ fromMs, toMs }) => [fromMs, toMs]);

  it.each<[string, [number, number][], number[][]]>([
    ["nothing listed", [], [[10, 20]]],
    ["all of it", [[0, 30]], []],
    [
      "in pieces, in any order",
      [
        [15, 20],
        [10, 15],
      ],
      [],
    ],
    [
      "with a hole",
      [
        [10, 12],
        [13, 20],
      ],
      [[12, 13]],
    ],
    [
      "without its ends",
      [[11, 19]],
      [
        [10, 11],
        [19, 20],
      ],
    ],
    [
      "by lists within others",
      [
        [5, 18],
        [11, 12],
      ],
      [[18, 20]],
    ],
    [
      "by lists of other times",
      [
        [0, 10],
        [20, 30],
      ],
      [[10, 20]],
    ],
    ["from ever on", [[-Infinity, 12]], [[12, 20]]],
  ])("%s", (_, covered, expected) => {
    expect(left(...covered)).toEqual(expected);
  });

  it("touching is not overlapping", () => {
    expect([overlaps(period, { fromMs: 20, toMs: 30 }), overlaps(period, { fromMs: 19, toMs: 30 })]).toEqual([
      false,
      true,
    ]);
  });
});

describe("a report's lines", () => {
  const call = { start: "2026-03-01T08:00:00Z", from: "1", to: "2" };
  const held: LedgerEntry = {
    ref: ref(1, call),
    state: "done",
    stored: { ...stored("1.mp3"), note: "odd" },
    attempts: 0,
    firstSeenMs: 0,
    changedMs: 0,
    runId: "one",
  };
  const { stored: _, ...unheld } = held;

  it("tell of what is held where it is, and with which hash", () => {
    expect(reportLine(undefined, held)).toEqual({
      ...{ kind: "held", key: "ringcentral/1", source: "ringcentral", id: "1", ...call, open: false },
      ...{ path: "1.mp3", bytes: 1000, sha256: "ab".repeat(32), audioSeconds: 12.5, note: "odd" },
    });
  });

  it("tell why something is not held, and whose word that is", () => {
    const evidence = { says: "gone", by: "x", times: 2, firstMs: 0, lastMs: 1000, proven: true, askedMs: 0 } as const;
    const found = { kind: "gone", message: "gone (x said so)", ref: held.ref, evidence } as const;
    const told = reportLine(found, {
      ...unheld,
      state: "gone",
      attempts: 2,
      lastError: { code: "gone", message: "gone" },
    });
    expect(told).toMatchObject({
      kind: "gone",
      open: false,
      reason: "gone",
      attempts: 2,
      evidence: { by: "x", times: 2, proven: true },
    });
    expect(told.evidence).toMatchObject({ first: "1970-01-01T00:00:00.000Z", last: "1970-01-01T00:00:01.000Z" });
    expect(reportLine(found, undefined).reason).toBe("gone (x said so)");
  });

  it("tell of a call without a recording and of one at an unknown time", () => {
    const short = reportLine({ kind: "short-recording", message: "too short", call }, undefined);
    expect(short).toEqual({ kind: "short-recording", ...call, reason: "too short", open: false });
    expect(undatedLine(held)).toMatchObject({ kind: "undated", open: true, reason: expect.stringMatching(/; held$/) });
    expect(undatedLine({ ...unheld, state: "failed" }).reason).toMatch(/not held \(failed\)/);
  });

  it("are counted so that held and not held make up the calls", () => {
    const tally = openReportTally();
    const kinds = [
      "held",
      "short",
      "missing",
      "gone",
      "damaged",
      "forbidden",
      "not-ready",
      "purged",
      "unprovable",
    ] as const;
    for (const kind of kinds)
      tally.add({ kind, open: !["held", "purged", "unprovable"].includes(kind), bytes: 10, audioSeconds: 2 });
    for (const kind of ["extra", "short-recording", "undated"] as const) tally.add({ kind, open: false });
    tally.add({ kind: "held", open: false });
    const others = { missing: 1, gone: 1, goneUnproven: 1, damaged: 1, forbidden: 1, notReady: 1, purged: 1 };
    const notListed = { extra: 1, shortRecording: 1, undated: 1 };
    expect(tally.counts()).toEqual({
      calls: 10,
      held: 3,
      short: 1,
      ...others,
      unprovable: 1,
      ...notListed,
      open: 6,
      bytes: 20,
      seconds: 4,
    });
  });

  it("says how many of them are voicemail, where any is", () => {
    const tally = openReportTally();
    tally.add({ kind: "held", key: "ringcentral/vm/1/2", open: false });
    tally.add({ kind: "missing", key: "ringcentral/vm/1/3", open: true });
    tally.add({ kind: "held", key: "ringcentral/7", open: false });
    expect(tally.counts()).toMatchObject({ calls: 3, held: 2, voicemail: 2 });
  });
});
