import { expect, it } from "vitest";
import { openYields } from "../../src/core/download/evidence.ts";
import { RecordingError } from "../../src/core/model/errors.ts";

const head = { status: 404, headers: {} };
const word = (explicit: boolean, code: "gone" | "forbidden" = "gone") =>
  new RecordingError(code, "TIM has no NCS1.", { head, witness: { by: "tim.example/voice.wav", explicit } });

function notes() {
  const kept = new Map<string, string>();
  const writes: string[] = [];
  return {
    kept,
    writes,
    get: async (name: string) => kept.get(name),
    set: async (name: string, value: string) => {
      writes.push(name);
      kept.set(name, value);
    },
  };
}

it("believes what names the recording, and what comes from an address that has given one, in this run or before", async () => {
  const ledger = notes();
  const yields = openYields(ledger);
  expect(await yields.believed(word(true))).toEqual({ error: word(true), fromKnown: false });
  await yields.note(["tim.example/voice.wav", "echo"]);
  await yields.note(["tim.example/voice.wav"]);
  expect(ledger.writes).toEqual(["yielded:tim.example/voice.wav", "yielded:echo"]);
  const given = word(false);
  expect(await yields.believed(given)).toEqual({ error: given, fromKnown: true });
  expect((await openYields(ledger).believed(given)).fromKnown).toBe(true);
});

it("takes the word of an address that has given nothing as an accident, which stays a refusal where it was one", async () => {
  const yields = openYields(notes());
  const { error, fromKnown } = await yields.believed(word(false));
  expect([error.code, error.witness, error.head, fromKnown]).toEqual(["bad-answer", undefined, head, false]);
  expect(error.message).toMatch(/^TIM has no NCS1\. No recording has come from tim\.example\/voice\.wav yet/);
  expect((await yields.believed(word(false, "forbidden"))).error).toMatchObject({ code: "forbidden" });
});

it("leaves errors alone that are nobody's word, also where nothing is kept", async () => {
  const yields = openYields({});
  const error = new RecordingError("timeout", "Too slow.");
  expect(await yields.believed(error)).toEqual({ error, fromKnown: false });
  await yields.note(["echo"]);
  const without = new RecordingError("gone", "x", { witness: { by: "other", explicit: false } });
  expect((await yields.believed(without)).error.code).toBe("bad-answer");
});
