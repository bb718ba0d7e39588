import { describe, expect, it } from "vitest";
import { openFailureStreak, type Standing } from "../../src/core/download/failure-streak.ts";
import { type ErrorCode, RecordingError } from "../../src/core/model/errors.ts";

const witness = { by: "media.example", explicit: true };
const refused = (status: number, code: ErrorCode = "http-error") =>
  new RecordingError(code, `It was refused with ${status}.`, { head: { status, headers: {} } });
const said = (code: ErrorCode) => new RecordingError(code, "So it said.", { witness });

function openHeard() {
  const reasons: RecordingError[] = [];
  const suspicion = openFailureStreak({ because: (reason) => reasons.push(reason) });
  const refuse = (times: number, error: RecordingError, standing: Partial<Standing> = {}) => {
    const all = { fromKnown: false, saidBefore: false, ...standing };
    for (let time = 0; time < times; time += 1) suspicion.refused(error, all);
  };
  return { reasons, suspicion, refuse };
}

describe("a run that gets nothing", () => {
  it.each<[string, RecordingError, ErrorCode]>([
    ["reaches nobody", new RecordingError("unreachable", "No way."), "unreachable"],
    ["meets 404 alone", refused(404), "http-error"],
    ["meets 410 alone", refused(410), "http-error"],
    ["hears alone that recordings are gone", said("gone"), "http-error"],
    ["hears alone that there are none", said("no-recording"), "http-error"],
    ["is refused alone", said("forbidden"), "permission-refused"],
  ])("ends when it %s ten times in a row, and says so with the last answer", (_, error, code) => {
    const { reasons, refuse } = openHeard();
    refuse(9, error);
    expect(reasons).toEqual([]);
    refuse(1, error);
    expect(reasons).toMatchObject([{ code, message: expect.stringContaining(error.message) }]);
  });

  it("goes on when one recording has come, unless nobody is reached any more", () => {
    const { reasons, suspicion, refuse } = openHeard();
    suspicion.brought();
    refuse(20, refused(404));
    expect(reasons).toEqual([]);
    refuse(10, new RecordingError("unreachable", "No way."));
    expect(reasons).toMatchObject([{ code: "unreachable" }]);
  });

  it("goes on when something else comes in between", () => {
    const { reasons, refuse } = openHeard();
    for (const error of [refused(404), refused(503, "server-error"), refused(404), said("forbidden"), refused(404)]) {
      refuse(9, error);
    }
    expect(reasons).toEqual([]);
  });

  it("goes on where the word is credible, or calls are young", () => {
    const { reasons, refuse } = openHeard();
    refuse(20, said("gone"), { fromKnown: true });
    refuse(20, said("gone"), { saidBefore: true });
    refuse(20, said("forbidden"), { saidBefore: true });
    refuse(20, refused(404, "not-ready"));
    expect(reasons).toEqual([]);
  });

  it.each([
    ["a page", refused(404)],
    ["a refusal", said("forbidden")],
    ["a word that names no recording", new RecordingError("gone", "x", { witness: { ...witness, explicit: false } })],
  ])("is not excused for %s because its address is known", (_, error) => {
    const { reasons, refuse } = openHeard();
    refuse(10, error, { fromKnown: true });
    expect(reasons).toHaveLength(1);
  });
});
