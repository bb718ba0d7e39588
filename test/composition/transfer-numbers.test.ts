import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keepNumbers, transfersOf } from "../../src/composition/transfer-numbers.ts";
import type { Adaptive } from "../../src/core/download/adaptive.ts";
import type { LinkSource } from "../../src/core/model/ports.ts";
import type { SourceName } from "../../src/core/model/recording.ts";
import { testIo } from "../helpers/test-io.ts";

const here = { timUrl: "https://tim.example" };
const file = (io: ReturnType<typeof testIo>) => join(io.env.XDG_STATE_HOME as string, "callreel", "transfers.json");

function aMachine() {
  return testIo({ XDG_STATE_HOME: mkdtempSync(join(tmpdir(), "callreel-numbers-")) });
}

function adaptiveOf(io: ReturnType<typeof testIo>, settings = {}, ratePerMinute?: number): Adaptive {
  const source = { ratePerMinute: () => ratePerMinute } as unknown as LinkSource;
  return transfersOf({ ...here, ...settings }, new Map([["ringcentral" as SourceName, source]]), io) as Adaptive;
}

const refused = { event: "attempt-failed", code: "server-error", message: "", attempt: 1, retryInMs: 0 } as const;

describe("the number of downloads at once", () => {
  it("is what was set, else found by trying from 8 on", () => {
    const io = aMachine();
    expect(transfersOf({ transfers: 5 }, new Map(), io)).toBe(5);
    expect(adaptiveOf(io).transfers("ringcentral")).toBe(8);
    expect(adaptiveOf(io, { transfers: { most: 3 } }).transfers("tim")).toBe(3);
  });

  it("is never more than a minute's permits", () => {
    expect(adaptiveOf(aMachine(), {}, 5).transfers("ringcentral")).toBe(5);
    expect(adaptiveOf(aMachine(), {}, 0.5).transfers("ringcentral")).toBe(1);
  });

  it("is kept for the next run, for each source and host by itself, readable by this user alone", () => {
    const io = aMachine();
    const first = adaptiveOf(io);
    first.hear({ ...refused, key: "tim/d/v/1" });
    keepNumbers(first, here, io);
    expect(adaptiveOf(io).transfers("tim")).toBe(4);
    expect(adaptiveOf(io).transfers("ringcentral")).toBe(8);
    expect(adaptiveOf(io, { timUrl: "https://other.example" }).transfers("tim")).toBe(8);
    expect(statSync(file(io)).mode & 0o777).toBe(0o600);

    keepNumbers(adaptiveOf(io), here, io);
    keepNumbers(9, here, io);
    expect(JSON.parse(readFileSync(file(io), "utf8"))).toEqual({ "tim https://tim.example": 4 });
  });

  it.each(["", "{", "[]", "null", '{"tim https://tim.example":1e9}', '{"tim https://tim.example":"4"}'])(
    "begins anew where the kept numbers are %j",
    (text) => {
      const io = aMachine();
      mkdirSync(join(io.env.XDG_STATE_HOME as string, "callreel"));
      writeFileSync(file(io), text);
      expect(adaptiveOf(io).transfers("tim")).toBe(8);
    },
  );

  it("costs nobody a run where it cannot be kept", () => {
    const blocked = join(mkdtempSync(join(tmpdir(), "callreel-numbers-")), "file");
    writeFileSync(blocked, "");
    const io = testIo({ XDG_STATE_HOME: blocked });
    const adaptive = adaptiveOf(io);
    adaptive.transfers("tim");
    keepNumbers(adaptive, here, io);
  });
});
