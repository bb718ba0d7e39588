import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { yieldNote } from "../../src/core/download/evidence.ts";
import { type ErrorCode, RecordingError } from "../../src/core/model/errors.ts";
import type { Summary } from "../../src/core/model/events.ts";
import type { EntryFilter, Ledger, RunStart } from "../../src/core/model/ledger.ts";
import type { Call, RecordingRef, Stored } from "../../src/core/model/recording.ts";

export const nothing: Summary = { done: 0, skipped: 0, failed: 0, rejected: 0, bytes: 0, ms: 0, reasons: {} };

export function run(runId: string): RunStart {
  return { runId, startedMs: Date.UTC(2026, 10, 21), selection: { from: "2026-11-01" } };
}

export function ref(id: number | string, call: Call = {}): RecordingRef {
  const contentUri = `https://media.example/recording/${id}/content`;
  return { key: `ringcentral/${id}`, source: "ringcentral", id: String(id), locator: { contentUri }, call };
}

export function refs(count: number, from = 1): RecordingRef[] {
  return Array.from({ length: count }, (_, at) => ref(from + at, { start: startOf(from + at) }));
}

/** Minute by minute from the first of November 2026. */
export function startOf(minute: number): string {
  return new Date(Date.UTC(2026, 10, 1, 0, minute)).toISOString();
}

export function stored(path: string, bytes = 1000): Stored {
  return { path, bytes, sha256: "ab".repeat(32), contentType: "audio/mpeg", audioSeconds: 12.5 };
}

/** What every ledger must do, whatever it is kept in. */
export function ledgerContract(open: () => Promise<Ledger>): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await open();
    await ledger.begin(run("first"));
  });
  afterEach(() => ledger[Symbol.asyncDispose]());

  const nextRun = async (runId = "second") => {
    await ledger.finish(nothing, 0);
    await ledger.begin(run(runId));
  };
  const fail = async (recording: RecordingRef, code: ErrorCode) => {
    await ledger.claim([recording]);
    await ledger.failed(recording, new RecordingError(code, `It exited with ${code}.`));
  };
  const finish = async (recording: RecordingRef, path: string) => {
    await ledger.claim([recording]);
    await ledger.done(recording, stored(path));
  };
  const verdicts = async (...recordings: RecordingRef[]) =>
    (await ledger.claim(recordings)).map((claim) => (claim.granted ? "granted" : claim.reason));
  const keys = async (filter: EntryFilter) => {
    const found: string[] = [];
    for await (const page of ledger.entries!(filter)) found.push(...page.map((entry) => entry.ref.key));
    return found;
  };

  const pending = async () => {
    const found: string[] = [];
    for await (const page of ledger.pending!("ringcentral")) found.push(...page.map(({ id }) => id));
    return found;
  };

  describe("claims", () => {
    test("are granted for what is new, in the order asked", async () => {
      expect(await ledger.claim(refs(2))).toEqual([
        { granted: true, attempts: 0 },
        { granted: true, attempts: 0 },
      ]);
    });

    test("are granted once for a recording that stands twice in a batch", async () => {
      expect(await verdicts(ref(1), ref(2), ref(1))).toEqual(["granted", "granted", "repeated"]);
    });

    test("of nothing are nothing", async () => {
      expect(await ledger.claim([])).toEqual([]);
    });

    test("are refused as repeated while and after this run works on the recording", async () => {
      await ledger.claim(refs(3));
      await ledger.done(ref(2), stored("b.mp3"));
      await ledger.failed(ref(3), new RecordingError("timeout", "Too slow."));
      expect(await verdicts(ref(1), ref(2), ref(3))).toEqual(["repeated", "repeated", "repeated"]);
    });

    test("name the file of what an earlier run has done", async () => {
      await finish(ref(1), "2026/a.mp3");
      await nextRun();
      expect(await ledger.claim([ref(1), ref(1)])).toEqual([
        { granted: false, reason: "done", path: "2026/a.mp3" },
        { granted: false, reason: "done", path: "2026/a.mp3" },
      ]);
    });

    test.each(["gone", "forbidden", "no-recording", "not-ready", "not-audio", "server-error"] as const)(
      "are granted again by a later run after %s, and tell how often it was tried",
      async (code) => {
        await fail(ref(1), code);
        await nextRun();
        expect(await ledger.claim([ref(1)])).toEqual([{ granted: true, attempts: 1 }]);
      },
    );

    test("given back untouched are granted again in the same run", async () => {
      await fail(ref(1), "timeout");
      await nextRun();
      await ledger.claim([ref(1)]);
      await ledger.release(ref(1).key);
      expect((await ledger.entry?.(ref(1).key))?.state).toBe("pending");
      expect(await ledger.claim([ref(1)])).toEqual([{ granted: true, attempts: 1 }]);
    });

    test("of a run that ended are free", async () => {
      await ledger.claim([ref(1)]);
      await nextRun();
      expect(await verdicts(ref(1))).toEqual(["granted"]);
    });

    test("are granted once more for a done recording whose file is gone, and not twice", async () => {
      await finish(ref(1), "a.mp3");
      await nextRun();
      expect(await ledger.reclaim(ref(1))).toEqual({ granted: true, attempts: 0 });
      expect(await ledger.entry?.(ref(1).key)).toMatchObject({ state: "done", stored: stored("a.mp3") });
      expect(await ledger.reclaim(ref(1))).toEqual({ granted: false, reason: "repeated" });
      await ledger.done(ref(1), stored("b.mp3"));
      expect((await ledger.entry?.(ref(1).key))?.stored?.path).toBe("b.mp3");
    });

    test("need a run", async () => {
      await ledger.finish(nothing, 0);
      await expect(ledger.claim([ref(1)])).rejects.toThrow(expect.objectContaining({ code: "bug" }));
    });
  });

  describe("what a source says cannot be had", () => {
    const old: Call = { start: startOf(1), duration: 60 };
    const by = "media.example";
    const date = (at: number) => ({ status: 404, headers: { date: new Date(at).toUTCString() } });
    const now = Date.UTC(2026, 10, 21);
    const day = 24 * 3_600_000;
    const say = async (code: "gone" | "forbidden", atMs = now) => {
      await ledger.reclaim(ref(1, old));
      const witness = { by, explicit: true };
      return ledger.failed(ref(1), new RecordingError(code, "No.", { witness, head: date(atMs) }));
    };

    test("is kept with who said it, how often and when", async () => {
      expect(await say("gone")).toMatchObject({ says: "gone", by, times: 1, firstMs: now, proven: false });
      expect(await say("gone")).toMatchObject({ times: 2, firstMs: now, lastMs: now });
      const entry = await ledger.entry?.(ref(1).key);
      expect(entry).toMatchObject({ state: "gone", evidence: { says: "gone", times: 2 } });
    });

    test("is not asked for by itself for a while, once its address has given a recording", async () => {
      await say("gone");
      await nextRun();
      expect(await verdicts(ref(1))).toEqual(["granted"]);
      await ledger.release(ref(1).key);
      await ledger.set?.(yieldNote(by), "yes");
      expect(await ledger.claim([ref(1)])).toEqual([
        { granted: false, reason: "unproven", evidence: expect.objectContaining({ says: "gone", times: 1 }) },
      ]);
      expect(await ledger.reclaim(ref(1))).toMatchObject({ granted: true });
    });

    test("is proven past the time that its source keeps recordings, as far as the ledger knows that", async () => {
      await ledger.set?.("retention-days:ringcentral", "7");
      await ledger.set?.(yieldNote(by), "yes");
      expect(await say("gone")).toMatchObject({ times: 1, proven: true });
      await nextRun();
      expect(await verdicts(ref(1))).toEqual(["gone"]);
      expect(await pending()).toEqual([]);
    });

    test("is still wanted until it is proven", async () => {
      await ledger.set?.(yieldNote(by), "yes");
      await say("forbidden");
      await nextRun();
      expect(await pending()).toEqual(["1"]);
    });

    test("outlasts other failures, and is forgotten when the recording comes", async () => {
      await say("gone");
      await ledger.reclaim(ref(1));
      await ledger.failed(ref(1), new RecordingError("timeout", "Too slow."));
      expect(await ledger.entry?.(ref(1).key)).toMatchObject({ state: "pending", evidence: { times: 1 } });
      expect(await say("gone", now + 2 * day)).toMatchObject({ times: 2 });
      await ledger.reclaim(ref(1));
      await ledger.done(ref(1), stored("a.mp3"));
      expect(await ledger.entry?.(ref(1).key)).not.toHaveProperty("evidence");
    });
  });

  describe("what was only named", () => {
    const named: RecordingRef = { ...ref(1), locator: {}, named: true };
    const listed = ref(1, { start: startOf(1), duration: 60 });

    test.each(["gone", "no-recording", "forbidden", "not-ready", "not-found", "not-audio", "timeout"] as const)(
      "leaves nothing behind when it ends with %s",
      async (code) => {
        expect(await verdicts(named)).toEqual(["granted"]);
        expect((await ledger.entry?.(named.key))?.state).toBe("claimed");
        expect(await ledger.failed(named, new RecordingError(code, "No."))).toBeUndefined();
        expect([await ledger.entry?.(named.key), await keys({})]).toEqual([undefined, []]);
        await nextRun();
        expect([await pending(), await ledger.claim([named])]).toEqual([[], [{ granted: true, attempts: 0 }]]);
      },
    );

    test("leaves nothing behind when nobody claimed it, and when its claim is given back", async () => {
      await ledger.failed(named, new RecordingError("gone", "Gone."));
      await ledger.claim([ref(2), named]);
      await ledger.release(named.key);
      await ledger.release(ref(2).key);
      expect(await keys({})).toEqual([ref(2).key]);
    });

    test("stays when it comes, and is an entry like any other from then on", async () => {
      await finish(named, "a.mp3");
      await nextRun();
      await ledger.reclaim(named);
      await ledger.failed(named, new RecordingError("gone", "Gone."));
      expect(await ledger.entry?.(named.key)).toMatchObject({ state: "done", lastError: { code: "gone" } });
      expect((await ledger.entry?.(named.key))?.ref).not.toHaveProperty("named");
    });

    test("keeps the evidence where it was listed before", async () => {
      await fail(listed, "gone");
      await nextRun();
      await ledger.claim([named]);
      await ledger.release(named.key);
      await fail(named, "gone");
      expect(await ledger.entry?.(named.key)).toMatchObject({ ref: listed, state: "gone", attempts: 2 });
    });

    test("stays where a listing brought it while it was on its way", async () => {
      await ledger.claim([named]);
      expect((await ledger.entry?.(named.key))?.ref.named).toBe(true);
      expect(await verdicts(named, listed)).toEqual(["repeated", "repeated"]);
      await ledger.failed(named, new RecordingError("gone", "Gone."));
      expect(await ledger.entry?.(named.key)).toMatchObject({ ref: listed, state: "gone" });
    });
  });

  describe("what is done", () => {
    const short = (path: string) => ({ ...stored(path), short: true as const });

    test.each(["gone", "timeout", "not-audio"] as const)(
      "stays so when it is fetched again and ends with %s: with a note",
      async (code) => {
        await finish(ref(1), "a.mp3");
        await nextRun();
        await ledger.reclaim(ref(1));
        await ledger.failed(ref(1), new RecordingError(code, "Not again."));
        expect(await ledger.entry?.(ref(1).key)).toMatchObject({
          state: "done",
          stored: stored("a.mp3"),
          lastError: { code, message: "Not again." },
          runId: "first",
        });
        expect(await ledger.claim([ref(1)])).toEqual([{ granted: false, reason: "done", path: "a.mp3" }]);
      },
    );

    test("but short is told as such until it was asked for once more", async () => {
      await ledger.claim([ref(1)]);
      await ledger.done(ref(1), short("a.mp3"));
      await nextRun();
      const told = { granted: false, reason: "done", path: "a.mp3" };
      expect(await pending()).toEqual(["1"]);
      expect(await ledger.claim([ref(1)])).toEqual([{ ...told, short: true }]);
      await ledger.reclaim(ref(1));
      await ledger.failed(ref(1), new RecordingError("timeout", "Too slow."));
      expect(await ledger.claim([ref(1)])).toEqual([{ ...told, short: true }]);
      await ledger.reclaim(ref(1));
      await ledger.failed(ref(1), new RecordingError("not-longer", "No more."));
      expect(await ledger.claim([ref(1)])).toEqual([told]);
      expect(await pending()).toEqual([]);
      expect((await ledger.entry?.(ref(1).key))?.stored?.short).toBe(true);
    });

    test("and short is not asked for a third time when it came again", async () => {
      await ledger.claim([ref(1)]);
      await ledger.done(ref(1), short("a.mp3"));
      await nextRun();
      await ledger.reclaim(ref(1));
      await ledger.done(ref(1), short("a.mp3"));
      await nextRun("third");
      expect(await ledger.claim([ref(1)])).toEqual([{ granted: false, reason: "done", path: "a.mp3" }]);
    });
  });

  describe("results", () => {
    test("keep all that is known of a finished recording", async () => {
      const call: Call = {
        start: startOf(1),
        duration: 61.5,
        direction: "inbound",
        from: "+1 (650) 555-0100",
        to: "+14155550111",
        extension: "101",
        name: "Żofia 'O”Neil 語 %_\\",
        type: "Automatic",
        session: "s-1",
        account: "7",
        callId: "c-1",
      };
      await finish(ref("1", call), "ü/a.mp3");
      expect(await ledger.entry?.("ringcentral/1")).toMatchObject({
        ref: ref("1", call),
        state: "done",
        stored: stored("ü/a.mp3"),
        attempts: 0,
        runId: "first",
      });
    });

    test.each([
      ["not-ready", "pending"],
      ["rate-limited", "pending"],
      ["unreachable", "pending"],
      ["gone", "gone"],
      ["no-recording", "no-recording"],
      ["forbidden", "forbidden"],
      ["not-audio", "failed"],
      ["wrong-length", "failed"],
    ] as const)("after %s leave the recording %s, with code and words", async (code, state) => {
      await fail(ref(1), code);
      expect(await ledger.entry?.(ref(1).key)).toMatchObject({
        state,
        attempts: 1,
        lastError: { code, message: `It exited with ${code}.` },
      });
    });

    test("forget the error once the recording is done", async () => {
      await fail(ref(1), "timeout");
      await nextRun();
      await finish(ref(1), "a.mp3");
      expect(await ledger.entry?.(ref(1).key)).not.toHaveProperty("lastError");
    });

    test("are kept for a recording that nobody claimed", async () => {
      await ledger.done(ref(1), stored("a.mp3"));
      await ledger.failed(ref(2), new RecordingError("gone", "Gone."));
      expect(await keys({})).toEqual(["ringcentral/1", "ringcentral/2"]);
    });

    test("keep an error's words on one short line", async () => {
      await ledger.claim([ref(1)]);
      await ledger.failed(ref(1), new RecordingError("not-audio", `HTML\u001b[31m\n${"x".repeat(9000)}`));
      const message = (await ledger.entry?.(ref(1).key))?.lastError?.message ?? "";
      expect(message).toMatch(/^HTML\[31m x+$/);
      expect(message.length).toBeLessThanOrEqual(500);
    });
  });

  describe("what it keeps of a recording", () => {
    test("is never a token, a query or a password that a row put into a URL", async () => {
      const careless = {
        ...ref(1),
        locator: { contentUri: "https://me:pw@media.example/1/content?access_token=T0#f" },
      };
      await ledger.claim([careless]);
      expect((await ledger.entry?.(careless.key))?.ref.locator).toEqual({
        contentUri: "https://media.example/1/content",
      });
    });

    test("is the locator as it is when it is no URL", async () => {
      const tim: RecordingRef = {
        key: "tim/3/%5C4%5C/N%3F1",
        source: "tim",
        id: "N?1",
        locator: { datasource: "3", voicelocation: "\\4\\", voicefilename: "N?1" },
        call: {},
      };
      await ledger.claim([tim]);
      expect((await ledger.entry?.(tim.key))?.ref).toEqual(tim);
    });

    test("stays when a later row says less, and follows when it says more", async () => {
      await ledger.claim([ref(1, { start: startOf(5), name: "Old", from: "1" })]);
      await nextRun();
      await ledger.claim([{ ...ref(1, { name: "New" }), locator: {} }]);
      expect((await ledger.entry?.(ref(1).key))?.ref).toEqual(ref(1, { start: startOf(5), name: "New", from: "1" }));
    });
  });

  describe("pending recordings", () => {
    test("are those of earlier runs that are still wanted, oldest call first", async () => {
      const [late, early, bad, gone, kept, forbidden] = [9, 3, 5, 1, 2, 4].map((at) => ref(at, { start: startOf(at) }));
      await fail(late!, "not-ready");
      await fail(early!, "timeout");
      await fail(bad!, "not-audio");
      await fail(gone!, "gone");
      await fail(forbidden!, "forbidden");
      await finish(kept!, "kept.mp3");
      await fail({ ...ref(7), key: "tim/1/1/7", source: "tim" }, "timeout");
      expect(await pending()).toEqual([]);
      await nextRun();
      expect(await pending()).toEqual(["1", "3", "4", "5", "9"]);
    });

    test("come each once while their pages are claimed and settled, also where calls share a start", async () => {
      const many = refs(1300).map((each, at) => ({ ...each, call: { start: startOf(at >> 3) } }));
      await ledger.claim(many);
      await nextRun();
      const seen: string[] = [];
      for await (const page of ledger.pending!("ringcentral")) {
        seen.push(...page.map(({ id }) => id));
        expect((await ledger.claim(page)).every((claim) => claim.granted)).toBe(true);
        await Promise.all(page.map((each) => ledger.done(each, stored(`${each.id}.mp3`))));
      }
      expect(seen).toEqual(many.map(({ id }) => id));
    });
  });

  describe("entries", () => {
    const calls: readonly Call[] = [
      { start: startOf(1), from: "+1 (650) 555-0100", extension: "101", name: "Ada 100%" },
      { start: startOf(2), to: "16505550100", name: "Bob" },
      { start: startOf(3), from: "anonymous", to: "555-0100" },
      {},
    ];
    beforeEach(async () => {
      const given = calls.map((call, at) => ref(at + 1, call));
      await ledger.claim(given);
      await ledger.done(given[0]!, stored("a.mp3"));
      await ledger.failed(given[1]!, new RecordingError("gone", "Gone."));
    });

    test.each<[string, EntryFilter, string[]]>([
      ["without a filter: all, unknown starts first", {}, ["4", "1", "2", "3"]],
      ["newest first", { newestFirst: true }, ["3", "2", "1", "4"]],
      ["by state", { states: ["done", "gone"] }, ["1", "2"]],
      ["by the state of being claimed", { states: ["claimed"] }, ["4", "3"]],
      ["not by the state a claim came from", { states: ["pending"] }, []],
      ["by source", { source: "tim" }, []],
      ["from a start on, up to another, which is out", { from: startOf(2), to: startOf(3) }, ["2"]],
      ["by the digits of either number", { number: "1-650-555-0100" }, ["1", "2"]],
      ["by the end of a number", { number: "5550100" }, ["1", "2", "3"]],
      ["by a number with a code that neither has", { number: "+001 1 650 555 0100" }, ["1", "2"]],
      ["by the whole of a number where that is asked", { number: "555-0100", wholeNumber: true }, ["3"]],
      ["by a name's words, without accents", { name: "ADÁ" }, ["1"]],
      ["by extension alone", { extension: "101" }, ["1"]],
      ["by a direction that no call tells", { direction: "inbound" }, []],
      ["by a number without digits", { number: "anonymous" }, ["3"]],
      ["by extension", { number: "101" }, ["1"]],
      ["by id", { id: "2" }, ["2"]],
      ["by words, where % is only a sign", { text: "0%" }, ["1"]],
      ["by words in any case", { text: "bOB" }, ["2"]],
    ])("are found %s", async (_, filter, ids) => {
      const wanted = ids.map((id) => `ringcentral/${id}`);
      expect(await keys(filter)).toEqual(wanted);
      const alone: string[] = [];
      for await (const page of ledger.keys!(filter)) alone.push(...page);
      expect(alone).toEqual(wanted);
    });

    test("are found by the window in which their calls began, instants by the clock and naive times by their text", async () => {
      const starts = [
        "T00:30:00Z",
        "T04:30:00.5Z",
        "T00:30:00",
        "T04:30:00",
        "T04:30:00+06:00",
        "T00:30:00-06:00",
        " 09:00:00",
      ];
      const given = starts.map((time, at) => ref(`w${at}`, { start: `2027-03-05${time}` }));
      await ledger.claim([...given, ref("unknown")]);
      // From midnight to five in New York.
      const [fromMs, toMs] = [Date.UTC(2027, 2, 5, 5), Date.UTC(2027, 2, 5, 10)];
      const from = { fromMs, fromLocal: "2027-03-05T00:00:00" };
      const to = { toMs, toLocal: "2027-03-05T05:00:00" };
      const found = async (window: NonNullable<EntryFilter["window"]>) =>
        (await keys({ window }))
          .map((key) => key.replace("ringcentral/w", ""))
          .sort()
          .join("");
      expect(await found({ ...from, ...to })).toBe("235");
      expect(await found(from)).toBe("2356");
      expect(await found(to)).toMatch(/^012345ringcentral/);
      expect(await keys({ window: to })).not.toContain("ringcentral/unknown");
      expect(await found({ fromMs: Date.UTC(2027, 2, 5, 4, 30, 0, 500), fromLocal: "2027-03-05T04:30:00" })).toBe(
        "1356",
      );
    });

    test("are found one by one, and unknown ones are not", async () => {
      expect((await ledger.entry?.("ringcentral/4"))?.state).toBe("claimed");
      expect(await ledger.entry?.("ringcentral/5")).toBeUndefined();
    });

    test("are found by their keys all at once, in the order asked, with holes for unknown ones", async () => {
      const odd: RecordingRef = { ...ref("é"), key: "tim/1/2/%22'é", source: "tim" };
      await ledger.claim([odd]);
      const asked = ["ringcentral/2", "nobody/1", odd.key, "ringcentral/1", "ringcentral/2"];
      const found = await ledger.entriesOf!(asked);
      expect(found.map((entry) => entry?.state)).toEqual(["gone", undefined, "claimed", "done", "gone"]);
      expect(found).toEqual(await Promise.all(asked.map((key) => ledger.entry!(key))));
      expect(found[3]).toMatchObject({ ref: ref(1, calls[0]), stored: stored("a.mp3") });
      expect(await ledger.entriesOf!([])).toEqual([]);
    });

    test("tell by their keys which calls they are of", async () => {
      const call = {
        start: startOf(1),
        duration: 61,
        from: "+15550100",
        to: "+15550101",
        direction: "inbound",
        session: "s-1",
      };
      await ledger.claim([{ ...ref(77), call: call as Call }]);
      const [whole, unknown, bare] = await ledger.callsOf!([ref(77).key, "nobody/1", "ringcentral/2"]);
      expect(whole).toMatchObject(call);
      expect(unknown).toBeUndefined();
      expect(bare).toEqual(expect.not.objectContaining({ session: expect.anything() }));
      expect(await ledger.callsOf!([])).toEqual([]);
    });

    test("of thousands of keys are found at once", async () => {
      const many = refs(5000, 10);
      await ledger.claim(many);
      const found = await ledger.entriesOf!(many.map(({ key }) => key).reverse());
      expect(found.map((entry) => entry?.ref.key)).toEqual(many.map(({ key }) => key).reverse());
    });
  });

  test("keeps small named values", async () => {
    expect(await ledger.get?.("window")).toBeUndefined();
    await ledger.set?.("window", "1");
    await ledger.set?.("window", "2");
    expect(await ledger.get?.("window")).toBe("2");
  });

  test("of several that name a value at once the first is kept, and all are told which", async () => {
    const told = await Promise.all(["a", "b", "c"].map((value) => ledger.agree?.("archive id", value)));
    expect(new Set(told).size).toBe(1);
    expect(await ledger.get?.("archive id")).toBe(told[0]);
    expect(await ledger.agree?.("archive id", "d")).toBe(told[0]);
  });

  test("closes twice without harm", async () => {
    await ledger[Symbol.asyncDispose]();
    await ledger[Symbol.asyncDispose]();
  });
}
