import { describe, expect, it } from "vitest";
import { entryFilterOf } from "../../src/composition/plan.ts";
import { testIo } from "../helpers/test-io.ts";

describe("what the archive's catalogue is asked for", () => {
  const asked = { from: "2024-07-01", to: "2024-07-02", timezone: "Europe/London" };
  /** Midnight in a London summer, by the clock and by its text. */
  const window = {
    fromMs: Date.UTC(2024, 5, 30, 23),
    fromLocal: "2024-07-01T00:00:00",
    toMs: Date.UTC(2024, 6, 1, 23),
    toLocal: "2024-07-02T00:00:00",
  };

  it("bounds instants and naive times both, whichever system was named or none", async () => {
    for (const each of [{}, { source: "tim" }, { source: "ringcentral" }] as const)
      expect(await entryFilterOf({ ...asked, ...each }, testIo({}))).toMatchObject({ ...each, window });
  });

  it("has no window where none was asked for, which finds calls of unknown start as well", async () => {
    expect(await entryFilterOf({ number: "101" }, testIo({}))).toEqual({ number: "101" });
  });
});
