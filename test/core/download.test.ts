import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DownloadPlan } from "../../src/core/download/download-plan.ts";
import { download } from "../../src/core/download/run.ts";
import { openTransfer } from "../../src/core/download/transfer.ts";
import type { Work } from "../../src/core/download/work.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { DownloadEvent, Summary } from "../../src/core/model/events.ts";
import type { Ledger } from "../../src/core/model/ledger.ts";
import type { Source } from "../../src/core/model/ports.ts";
import type { RecordingRef, SourceName } from "../../src/core/model/recording.ts";
import { pathFor } from "../../src/core/naming/path-template.ts";
import { openDestination } from "../../src/destinations/index.ts";
import { openHttp } from "../../src/http/client.ts";
import { openLedger } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { callRef, plainSource, type Script, serveCalls, smallWav } from "../helpers/calls-server.ts";
import { sha256 } from "../helpers/sha256.ts";
import { mp3 } from "../helpers/sound-bytes.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "callreel-download-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Given {
  readonly refs?: readonly RecordingRef[];
  readonly work?: AsyncIterable<Work>;
  readonly script?: Script;
  readonly source?: (base: Source) => Partial<Source>;
  readonly plan?: Partial<DownloadPlan>;
  readonly ledger?: (base: Ledger) => Partial<Ledger>;
  readonly stop?: AbortSignal;
  readonly onEvent?: (event: DownloadEvent) => void;
}

interface Outcome {
  readonly summary: Summary;
  readonly events: readonly DownloadEvent[];
  readonly requests: ReadonlyMap<string, number>;
}

async function runDownload(given: Given): Promise<Outcome> {
  await using server = await serveCalls(given.script);
  await using http = openHttp({ connections: 8, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "test" });
  const destination = await openDestination(root, {});
  await using transfer = openTransfer({ tim: [http], ringcentral: [http] }, destination);
  const base = plainSource(server);
  const source = { ...base, ...given.source?.(base) };
  await using file = await openLedger(ledgerFile(), { clock: systemClock, pid: process.pid });
  const ledger = { ...file, ...given.ledger?.(file) };
  const events: DownloadEvent[] = [];
  const report = (event: DownloadEvent) => {
    events.push(event);
    given.onEvent?.(event);
  };
  await ledger.begin({ runId: `run-${Math.random()}`, startedMs: Date.now(), selection: {} });
  const plan: DownloadPlan = {
    work: given.work ?? once(given.refs ?? []),
    named: new Set(),
    transfers: 4,
    retry: { retries: 2, baseDelayMs: 1, maxDelayMs: 5 },
    pathFor: (ref) => pathFor("{id}.{ext}", ref, { restrict: false, sha256 }),
    expect: (ref) => ({ key: ref.key, resume: true, overwrite: false }),
    caps: {},
    failFast: false,
    again: false,
    progress: false,
    ...given.plan,
  };
  const sources = new Map<SourceName, Source>([["tim", source]]);
  if (plan.otherLines !== undefined) sources.set("ringcentral", source);
  const never = new AbortController().signal;
  const ports = { sources, ledger, transfer, destination, clock: systemClock, random: () => 0.5, report };
  const summary = await download(plan, ports, { stop: given.stop ?? never, abort: never });
  await ledger.finish(summary, 0);
  return { summary, events, requests: server.requests };
}

const ledgerFile = () => join(root, ".callreel", "ledger.db");

async function* once(refs: readonly RecordingRef[]): AsyncIterable<Work> {
  yield { refs, events: [] };
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `rec-${at}`);
const refsOf = (count: number) => ids(count).map((id) => callRef(id));
/** Answers for `rec-20` only after a recording was told as done, however slow the disk is. */
function holdTwentieth(): { readonly script: Script; readonly onEvent: (event: DownloadEvent) => void } {
  const told = new AbortController();
  return {
    script(id, _nth, _request, response) {
      if (id !== "rec-20" || told.signal.aborted) return false;
      told.signal.addEventListener("abort", () => response.end(smallWav(id)));
      return true;
    },
    onEvent: ({ event }) => event === "recording-done" && told.abort(),
  };
}
const files = () => readdirSync(root).filter((name) => !name.startsWith("."));
const codes = (events: readonly DownloadEvent[]) =>
  events.flatMap((event) => ("code" in event ? [`${event.event}:${event.code}`] : []));

describe("a download", () => {
  it("brings every recording byte-exact to its path, each with one request", async () => {
    const { summary, requests } = await runDownload({ refs: refsOf(40) });
    expect(summary).toMatchObject({ done: 40, skipped: 0, failed: 0 });
    expect(files().length).toBe(40);
    for (const name of files()) {
      const id = /rec-\d+/.exec(name)?.[0] as string;
      expect(readFileSync(join(root, name)).equals(smallWav(id))).toBe(true);
    }
    expect([...requests.values()].every((count) => count === 1)).toBe(true);
  });

  it("skips what is done, without a request, and fetches again what was deleted since", async () => {
    await runDownload({ refs: refsOf(3) });
    const second = await runDownload({ refs: refsOf(3) });
    expect(second.summary).toMatchObject({ done: 0, skipped: 3, reasons: { done: 3 } });
    expect(second.requests.size).toBe(0);
    rmSync(join(root, files()[0] as string));
    const third = await runDownload({ refs: refsOf(3) });
    expect(third.summary).toMatchObject({ done: 1, skipped: 2 });
  });

  it("fetches what the ledger hands out, then the rest of its work", async () => {
    const handed = [[callRef("a"), callRef("b")], [callRef("c")]];
    const { summary, requests } = await runDownload({
      refs: [callRef("d")],
      ledger: (file) => ({ claim: async (refs) => (refs[0]?.id === "d" ? file.claim(refs) : []) }),
      plan: { pull: async () => handed.shift() ?? [] },
    });
    expect(summary).toMatchObject({ done: 4, skipped: 0, failed: 0 });
    expect([...requests.keys()].sort()).toEqual(["a", "b", "c", "d"]);
  });

  it("only notes what is wanted where nothing is to be fetched", async () => {
    await runDownload({ refs: refsOf(1) });
    const { summary, requests } = await runDownload({ refs: refsOf(3), plan: { enqueueOnly: true } });
    expect(summary).toMatchObject({ done: 0, skipped: 3, reasons: { done: 1, enqueued: 2 } });
    expect(requests.size).toBe(0);
    await using ledger = await openLedger(ledgerFile(), { clock: systemClock, pid: process.pid });
    expect(await ledger.entry?.(refsOf(3)[2]?.key as string)).toMatchObject({ state: "pending", attempts: 0 });
  });

  it("asks again for what another run has, and takes what it leaves", async () => {
    let looks = 0;
    const { summary, events } = await runDownload({
      refs: refsOf(2),
      plan: { outlastsOthers: true },
      ledger: (file) => ({
        isShared: true,
        claim: async (refs) =>
          looks++ < 2 ? refs.map(() => ({ granted: false, reason: "claimed" as const })) : file.claim(refs),
      }),
    });
    expect(summary).toMatchObject({ done: 2, skipped: 0 });
    expect(events).toContainEqual(expect.objectContaining({ event: "waiting" }));
  });

  it("fetches a recording once however often the rows name it", async () => {
    const { summary, requests } = await runDownload({ refs: [callRef("a"), callRef("b"), callRef("a"), callRef("a")] });
    expect(summary).toMatchObject({ done: 2, skipped: 2, reasons: { repeated: 2 } });
    expect(requests.get("a")).toBe(1);
  });

  it("fetches again what it has when asked to", async () => {
    await runDownload({ refs: refsOf(2) });
    const { summary } = await runDownload({
      refs: refsOf(2),
      plan: { again: true, expect: (ref) => ({ key: ref.key, resume: false, overwrite: true }) },
    });
    expect(summary.done).toBe(2);
  });

  it("replaces nothing that is under a legal hold, and says why", async () => {
    await runDownload({ refs: refsOf(2) });
    const { events, requests } = await runDownload({
      refs: refsOf(2),
      plan: { again: true },
      ledger: () => ({ isKept: async ({ id }) => id === refsOf(2)[0]?.id }),
    });
    expect([...requests.keys()]).toHaveLength(1);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "recording-skipped", key: refsOf(2)[0]?.key, reason: "held" }),
    );
  });

  it("says so when a recording that is fetched again changed at its source", async () => {
    await runDownload({ refs: [callRef("a")] });
    const { events } = await runDownload({
      refs: [callRef("a")],
      plan: { again: true, expect: (ref) => ({ key: ref.key, resume: false, overwrite: true }) },
      script: (_id, _nth, _request, response) => {
        const masked = smallWav("masked");
        response.writeHead(200, { "content-length": masked.length }).end(masked);
        return true;
      },
    });
    const notice = events.find((event) => event.event === "notice");
    expect(notice).toMatchObject({ level: "warning", message: expect.stringContaining("changed at the source") });
  });

  describe("of a recording whose type changed since", () => {
    const asMp3: Given["script"] = (_id, _nth, _request, response) => {
      const body = mp3(3);
      response.writeHead(200, { "content-type": "audio/mpeg", "content-length": body.length }).end(body);
      return true;
    };
    const named = { pathFor: () => "a.{ext}" };
    const hold = () => runDownload({ refs: [callRef("a")], plan: named });
    const plan: Given["plan"] = {
      ...named,
      again: true,
      expect: (ref) => ({ key: ref.key, resume: false, overwrite: true }),
    };

    it("leaves the new file alone, and takes the old one away only once the ledger knows of the new", async () => {
      await hold();
      const atDone: string[][] = [];
      const { summary } = await runDownload({
        refs: [callRef("a")],
        plan,
        script: asMp3,
        ledger: (file) => ({
          done: async (ref, stored) => {
            atDone.push(files().sort());
            await file.done(ref, stored);
          },
        }),
      });
      expect(summary).toMatchObject({ done: 1, failed: 0 });
      expect(atDone).toEqual([["a.mp3", "a.wav"]]);
      expect(files()).toEqual(["a.mp3"]);
    });

    it("keeps the old file when the new one does not come, or the ledger cannot record it", async () => {
      await hold();
      const refused = await runDownload({
        refs: [callRef("a")],
        plan: { ...plan, retry: { retries: 0, baseDelayMs: 1, maxDelayMs: 1 } },
        script: (_id, _nth, _request, response) => {
          response.writeHead(500).end();
          return true;
        },
      });
      expect([refused.summary.failed, files()]).toEqual([1, ["a.wav"]]);
      await hold();
      await runDownload({
        refs: [callRef("a")],
        plan,
        script: asMp3,
        ledger: () => ({ done: () => Promise.reject(new RecordingError("ledger", "The disk is full.")) }),
      });
      expect(files()).toContain("a.wav");
    });

    it("says so when the old file cannot be taken away", async () => {
      await hold();
      rmSync(join(root, "a.wav"));
      mkdirSync(join(root, "a.wav", "in the way"), { recursive: true });
      const { events, summary } = await runDownload({ refs: [callRef("a")], plan, script: asMp3 });
      expect([summary.done, summary.failed]).toEqual([1, 0]);
      const notices = events.filter((event) => event.event === "notice").map((event) => event.message);
      expect(notices.join()).toMatch(/a\.wav was replaced by a\.mp3 and could not be removed/);
    });

    it("gives the new file the old one's name, whatever name it would have now", async () => {
      await hold();
      await runDownload({ refs: [callRef("a")], plan: { ...plan, pathFor: () => "b.{ext}" } });
      expect(files()).toEqual(["a.wav"]);
    });
  });

  it("takes a finished file that no ledger knows for what it is, without a request", async () => {
    await runDownload({ refs: refsOf(2) });
    rmSync(ledgerFile());
    const { summary, requests } = await runDownload({ refs: refsOf(2) });
    expect(summary).toMatchObject({ done: 0, skipped: 2 });
    expect(requests.size).toBe(0);
  });

  it("passes on what the rows without recordings say", async () => {
    async function* work(): AsyncIterable<Work> {
      yield { refs: [], events: [{ event: "row-rejected", file: "calls.csv", line: 3, message: "odd" }] };
    }
    const { summary, events } = await runDownload({ work: work() });
    expect(summary.rejected).toBe(1);
    expect(events).toContainEqual(expect.objectContaining({ event: "row-rejected", line: 3 }));
  });

  it("tells how many of what was found the archive has already, when somebody watches", async () => {
    const given: Given = { refs: [callRef("a"), callRef("b")], plan: { progress: true } };
    const foundBy = ({ events }: { events: readonly DownloadEvent[] }) =>
      events.findLast(({ event }) => event === "found");
    expect(foundBy(await runDownload(given))).toMatchObject({ recordings: 2, settled: 0 });
    expect(foundBy(await runDownload(given))).toMatchObject({ recordings: 2, settled: 2 });
  });

  it("tells how far it came when somebody watches", async () => {
    const { events } = await runDownload({
      refs: [callRef("slow")],
      plan: { progress: true },
      script: (id, _nth, _request, response) => {
        const body = smallWav(id);
        response.writeHead(200, { "content-length": body.length });
        response.write(body.subarray(0, 100));
        setTimeout(() => response.end(body.subarray(100)), 150);
        return true;
      },
    });
    expect(events.some((event) => event.event === "recording-progress" && event.bytes > 0)).toBe(true);
  });
});

describe("what the source says cannot be had", () => {
  const old = callRef("old", "2020-01-01T10:00:00Z");
  const refusing: Given = {
    script: (_id, _nth, _request, response) => {
      response.writeHead(404).end();
      return true;
    },
    source: () => ({
      classifyFailure: ({ head }) => {
        const details = head === undefined ? {} : { head };
        return new RecordingError("gone", "It is gone.", { ...details, witness: { by: "source", explicit: true } });
      },
    }),
  };
  const known = (file: Ledger): Partial<Ledger> => ({
    begin: async (start) => {
      await file.set?.("retention-days:tim", "30");
      await file.set?.("yielded:source", "yes");
      await file.begin(start);
    },
  });

  it("fails with whose word that is while it is not proven, and stops the run where asked to", async () => {
    const { summary, events } = await runDownload({ ...refusing, refs: [callRef("a")], plan: { failFast: true } });
    expect(summary).toMatchObject({ failed: 1, stoppedBy: { code: "gone" } });
    const failed = events.find((event) => event.event === "recording-failed");
    expect(failed?.event === "recording-failed" && failed.message).toMatch(
      /It is gone\. \(source said so on .*, not proven/,
    );
  });

  it("is skipped with the evidence when that is proven, and failed for whoever named it", async () => {
    const proven = { evidence: { says: "gone", by: "source", times: 1, proven: true }, reason: "gone" };
    const first = await runDownload({ ...refusing, refs: [old], ledger: known });
    expect(first.summary).toMatchObject({
      failed: 0,
      skipped: 1,
      absent: [{ entries: 1, example: old.key, ...proven }],
    });
    const second = await runDownload({ ...refusing, refs: [old], ledger: known });
    expect([second.summary.absent, second.requests.size]).toMatchObject([[proven], 0]);
    const named = await runDownload({
      ...refusing,
      refs: [{ ...old, insist: true }],
      ledger: known,
      plan: { named: new Set([old.key]) },
    });
    expect([named.summary.reasons, named.requests.size]).toEqual([{ "not-found": 1 }, 1]);
  });

  it("is asked for again with --retry-gone", async () => {
    await runDownload({ ...refusing, refs: [old], ledger: known });
    const { summary } = await runDownload({ refs: [old], plan: { retryGone: true } });
    expect(summary).toMatchObject({ done: 1, skipped: 0 });
  });

  it("replaces nothing that is under a legal hold", async () => {
    const refs = [callRef("kept")];
    await runDownload({ refs });
    const again = { again: true };
    const { events, requests } = await runDownload({ refs, plan: again, ledger: () => ({ isKept: async () => true }) });
    expect(events).toContainEqual(expect.objectContaining({ event: "recording-skipped", reason: "held" }));
    expect([...requests.values()]).toEqual([]);
  });

  it("leaves what is held as it is: told, and asked for once in a run", async () => {
    await runDownload({ refs: [callRef("a")] });
    const again = { again: true };
    let tellKept = () => {};
    const kept = new Promise<void>((resolve) => {
      tellKept = resolve;
    });
    const { summary, events, requests } = await runDownload({
      ...refusing,
      work: (async function* () {
        yield { refs: [callRef("a")], events: [] };
        await kept;
        yield { refs: [callRef("a")], events: [] };
      })(),
      plan: again,
      onEvent: ({ event }) => {
        if (event === "recording-skipped") tellKept();
      },
    });
    expect([summary.failed, summary.reasons, requests.get("a")]).toEqual([0, { done: 2 }, 1]);
    const notice = events.find((event) => event.event === "notice");
    expect(notice?.event === "notice" && notice.message).toMatch(
      /cannot be fetched again; the archive keeps a_\w+\.wav\. It is/,
    );
    const insisted = await runDownload({ ...refusing, refs: [{ ...callRef("a"), insist: true }], plan: again });
    expect(insisted.summary).toMatchObject({ failed: 1, reasons: { gone: 1 } });
  });

  it("leaves short audio as it is, which was asked for once more", async () => {
    const short = { ...callRef("a"), call: { duration: 600 } };
    expect((await runDownload({ refs: [short] })).summary).toMatchObject({ done: 1, short: 1 });
    const second = await runDownload({ ...refusing, refs: [short] });
    expect(second.summary).toMatchObject({ failed: 0, reasons: { done: 1 } });
    const notice = second.events.find((event) => event.event === "notice");
    expect(notice?.event === "notice" && notice.message).toMatch(/keeps a_\w+\.wav, though short/);
    expect((await runDownload({ refs: [short] })).requests.size).toBe(0);
  });

  it("keeps short audio without a word where the source has no more", async () => {
    const short = { ...callRef("a"), call: { duration: 600 } };
    await runDownload({ refs: [short] });
    const { summary, events, requests } = await runDownload({ refs: [short] });
    expect([summary.failed, summary.reasons, requests.get("a")]).toEqual([0, { done: 1 }, 1]);
    expect(events.filter((event) => event.event === "notice")).toEqual([]);
  });
});

describe("when a transfer fails", () => {
  it("tries again with a fresh link, and the others go on", async () => {
    const { summary, events, requests } = await runDownload({
      refs: refsOf(6),
      script: (id, nth, _request, response) => {
        if (id !== "rec-3" || nth > 2) return false;
        response.writeHead(503).end();
        return true;
      },
    });
    expect(summary).toMatchObject({ done: 6, failed: 0 });
    expect(requests.get("rec-3")).toBe(3);
    expect(codes(events)).toEqual(["attempt-failed:server-error", "attempt-failed:server-error"]);
  });

  it("gives up after its repeats, keeps nothing false, and says why", async () => {
    const { summary, events } = await runDownload({
      refs: refsOf(3),
      script: (id, _nth, _request, response) => {
        if (id === "rec-0") response.writeHead(200, { "content-type": "audio/wav" }).end("<html>login</html>");
        else if (id === "rec-1") response.writeHead(500).end();
        else return false;
        return true;
      },
    });
    expect(summary).toMatchObject({ done: 1, failed: 2, reasons: { "not-audio": 1, "server-error": 1 } });
    expect(files().length).toBe(1);
    expect(events.filter((event) => event.event === "recording-failed").length).toBe(2);
  });

  it("counts what a person named and the source does not have as not found, and asks again in later runs", async () => {
    const given: Given = {
      refs: [callRef("lost")],
      plan: { named: new Set([callRef("lost").key]) },
      script: (_id, _nth, _request, response) => {
        response.writeHead(404).end();
        return true;
      },
    };
    expect((await runDownload(given)).summary.reasons).toEqual({ "not-found": 1 });
    const second = await runDownload(given);
    expect(second.summary.reasons).toEqual({ "not-found": 1 });
    expect(second.requests.get("lost")).toBe(1);
  });

  it("renews the link at once where the source says so, telling it which one failed", async () => {
    const failedLinks: (string | undefined)[] = [];
    const { summary } = await runDownload({
      refs: [callRef("a")],
      source: (base) => ({
        link: async (ref, failed, signal) => {
          failedLinks.push(failed?.url);
          return base.link(ref, failed, signal);
        },
        classifyFailure: (error, _ref, renewals) =>
          error.head?.status === 401 && renewals === 0
            ? new RecordingError("link-expired", "expired", { verdict: "renew" })
            : error,
      }),
      script: (_id, nth, _request, response) => {
        if (nth > 1) return false;
        response.writeHead(401).end();
        return true;
      },
    });
    expect(summary.done).toBe(1);
    expect(failedLinks).toEqual([undefined, expect.stringContaining("/a")]);
  });

  it("throws away links that are too old when they arrive", async () => {
    let taken = 0;
    const old = { resumable: false, headers: {}, takenAt: -1_000_000, staleAfterMs: 50_000 };
    const { summary, requests } = await runDownload({
      refs: [callRef("a")],
      plan: { retry: { retries: 0, baseDelayMs: 1, maxDelayMs: 1 } },
      source: (base) => ({
        link: async (ref, failed, signal) => {
          taken += 1;
          return { ...(await base.link(ref, failed, signal)), ...old };
        },
      }),
    });
    expect(summary.reasons).toEqual({ "link-expired": 1 });
    expect([taken, requests.size]).toEqual([3, 0]);
  });

  it("tells the link its answer exactly once, also when none came", async () => {
    const heard: (number | undefined)[] = [];
    await runDownload({
      refs: [callRef("a")],
      source: (base) => ({
        link: async (ref, failed, signal) => ({
          ...(await base.link(ref, failed, signal)),
          answered: (head) => heard.push(head?.status),
        }),
      }),
      script: (_id, nth, request) => {
        if (nth > 1) return false;
        request.socket.destroy();
        return true;
      },
    });
    expect(heard).toEqual([undefined, 200]);
  });

  it("says which settings are missing for a source that is not set up", async () => {
    const ref: RecordingRef = { ...callRef("a"), source: "ringcentral", key: "ringcentral/1" };
    const { summary } = await runDownload({ refs: [ref] });
    expect(summary.stoppedBy).toMatchObject({ code: "usage", message: expect.stringContaining("ringcentral") });
  });
});

describe("a run ends early", () => {
  it("when the login is refused: nothing new is started and nothing counts as failed", async () => {
    const { summary, requests } = await runDownload({
      refs: refsOf(50),
      source: () => ({
        link: async () => {
          throw new RecordingError("login-refused", "wrong password");
        },
      }),
    });
    expect(summary).toMatchObject({ done: 0, failed: 0, stoppedBy: { code: "login-refused" } });
    expect(requests.size).toBe(0);
  });

  it("when the listing fails: what came before is kept, and the run says so", async () => {
    async function* work(): AsyncIterable<Work> {
      yield { refs: refsOf(2), events: [] };
      throw new RecordingError("server-error", "page 2 failed");
    }
    const { summary } = await runDownload({ work: work() });
    expect(summary).toMatchObject({ done: 2, stoppedBy: { code: "server-error" } });
  });

  it("at a cap of recordings, only when there are more", async () => {
    const all = await runDownload({ refs: refsOf(3), plan: { caps: { downloads: 3 } } });
    expect(all.summary.stoppedBy).toBeUndefined();
    const more = await runDownload({ refs: refsOf(5), plan: { caps: { downloads: 1 } } });
    expect(more.summary).toMatchObject({ done: 1, stoppedBy: { code: "cap-reached" } });
    const rest = await runDownload({ refs: refsOf(5) });
    expect(rest.summary).toMatchObject({ done: 1, skipped: 4 });
  });

  it("at a cap of bytes and of time", async () => {
    const bytes = await runDownload({
      refs: refsOf(60),
      plan: { caps: { bytes: 1 }, transfers: 1 },
      ...holdTwentieth(),
    });
    expect(bytes.summary.stoppedBy?.code).toBe("cap-reached");
    expect(bytes.summary.done).toBeLessThan(60);
    const slow: Script = (_id, _nth, _request, response) => {
      setTimeout(() => response.writeHead(503).end(), 30);
      return true;
    };
    const time = await runDownload({
      refs: [callRef("late")],
      script: slow,
      plan: { caps: { durationMs: 50 }, retry: { retries: 1000, baseDelayMs: 5, maxDelayMs: 5 } },
    });
    expect(time.summary.stoppedBy?.message).toContain("--max-duration");
  });

  it("at the first failure with --fail-fast", async () => {
    const { summary } = await runDownload({
      refs: refsOf(50),
      plan: { failFast: true, transfers: 1, retry: { retries: 0, baseDelayMs: 1, maxDelayMs: 1 } },
      script: (_id, _nth, _request, response) => {
        response.writeHead(500).end();
        return true;
      },
    });
    expect(summary).toMatchObject({ failed: 1, stoppedBy: { code: "server-error" } });
  });

  it("when ten recordings in a row reach nobody", async () => {
    const { summary } = await runDownload({
      refs: refsOf(100),
      plan: { retry: { retries: 0, baseDelayMs: 1, maxDelayMs: 1 } },
      source: () => ({
        link: async () => ({ url: "http://127.0.0.1:1/", headers: {}, resumable: false, takenAt: 0 }),
      }),
    });
    expect(summary.stoppedBy?.code).toBe("unreachable");
    expect(summary.failed).toBeLessThan(20);
  });

  it("on a full disk that cannot even note what is given back: every transfer ends, and the reason is told", async () => {
    const full = new RecordingError("disk-full", "The disk is full.");
    const refuse = async () => {
      throw full;
    };
    const { summary } = await runDownload({ refs: refsOf(50), ledger: () => ({ done: refuse, release: refuse }) });
    expect(summary).toMatchObject({ done: 0, failed: 0, stoppedBy: { code: "disk-full" } });
  });

  it("when interrupted: what was claimed is free for the next run, and how to go on is told", async () => {
    const stop = new AbortController();
    const { script, onEvent } = holdTwentieth();
    const { summary, events } = await runDownload({
      refs: refsOf(30),
      plan: { transfers: 1 },
      stop: stop.signal,
      script,
      onEvent: (event) => {
        if (event.event === "recording-done") stop.abort(new RecordingError("interrupted", "Interrupted."));
        onEvent(event);
      },
    });
    expect(summary.stoppedBy?.code).toBe("interrupted");
    expect(events).toContainEqual(
      expect.objectContaining({ event: "notice", message: expect.stringContaining("Ctrl-C again") }),
    );
    expect(summary.done).toBeLessThan(30);
    const next = await runDownload({ refs: refsOf(30) });
    expect(next.summary.done + next.summary.skipped).toBe(30);
    expect(next.summary.failed).toBe(0);
  });

  it("when another machine has its login, without a word of keys that nobody pressed", async () => {
    const stop = new AbortController();
    const { summary, events } = await runDownload({
      refs: refsOf(3),
      plan: { transfers: 1 },
      stop: stop.signal,
      onEvent: ({ event }) => {
        if (event === "recording-done") stop.abort(new RecordingError("locked", "Taken over."));
      },
    });
    expect(summary.stoppedBy).toMatchObject({ code: "locked", message: "Taken over." });
    expect(events.filter(({ event }) => event === "notice")).toEqual([]);
  });

  it("when the ledger fails, with its error", async () => {
    const damaged = () => Promise.reject(new RecordingError("ledger", "damaged"));
    const { summary } = await runDownload({ refs: refsOf(2), ledger: () => ({ done: damaged, failed: damaged }) });
    expect(summary.stoppedBy?.code).toBe("ledger");
  });
});

it("ends when a failure cannot even be written down", async () => {
  const { summary } = await runDownload({
    refs: [callRef("a")],
    ledger: () => ({ failed: () => Promise.reject(new RecordingError("ledger", "damaged")) }),
    script: (_id, _nth, _request, response) => {
      response.writeHead(404).end();
      return true;
    },
  });
  expect(summary.stoppedBy?.code).toBe("ledger");
});

it("leaves nothing that looks finished when a body is cut", async () => {
  const { summary } = await runDownload({
    refs: [callRef("cut")],
    script: (id, _nth, request, response) => {
      const body = smallWav(id);
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 500));
      setTimeout(() => request.socket.destroy(), 10);
      return true;
    },
  });
  expect(summary.failed).toBe(1);
  expect(files()).toEqual([]);
  expect(existsSync(root)).toBe(true);
});

it("ends the wait of its work when the run ends early", async () => {
  let end = (_: unknown) => {};
  const ended = new Promise<never>((_, reject) => {
    end = reject;
  });
  async function* waiting(): AsyncIterable<Work> {
    yield { refs: [], events: [] };
    await ended;
  }
  const endWork = () => end(new RecordingError("interrupted", "x"));
  const { summary } = await runDownload({ work: waiting(), plan: { caps: { durationMs: 20 }, endWork } });
  expect(summary.stoppedBy?.code).toBe("cap-reached");
});

describe("lines of work", () => {
  const waitingRef = (id: string): RecordingRef => ({
    ...callRef(id),
    key: `ringcentral/${id}`,
    source: "ringcentral",
  });
  const waitingRefs = ids(6).map((id) => waitingRef(`slow-${id}`));

  it.each([2, 3, 4])(
    "of a source that makes all of its own wait hold up no other, with %i at once",
    async (transfers) => {
      let free = () => {};
      const budget = new Promise<void>((resolve) => {
        free = resolve;
      });
      let left = 20;
      const { summary, events } = await runDownload({
        work: once(waitingRefs),
        source: ({ link }) => ({
          link: async (ref, ...rest) => {
            if (ref.source === "ringcentral") await budget;
            return link(ref, ...rest);
          },
        }),
        onEvent: (event) => {
          if (event.event === "recording-done" && event.key.startsWith("tim/") && --left === 0) free();
        },
        plan: { transfers, otherLines: [{ work: once(refsOf(20)) }] },
      });
      expect(summary).toMatchObject({ done: 26, failed: 0 });
      const found = events.filter(({ event }) => event === "found").at(-1);
      expect(found).toMatchObject({ recordings: 26, complete: true });
    },
  );

  it("are handed out by the ledger each by itself, and a line that fails ends the others", async () => {
    const handed = [[callRef("a")], [callRef("b")]];
    async function* failing(): AsyncIterable<Work> {
      yield { refs: [], events: [] };
      throw new RecordingError("ledger", "The ledger is gone.");
    }
    async function* endless(): AsyncIterable<Work> {
      for (let at = 0; ; at += 1) {
        yield { refs: [callRef(`other-${at}`)], events: [] };
        await new Promise(setImmediate);
      }
    }
    const { summary } = await runDownload({
      work: failing(),
      plan: { pull: async () => handed.shift() ?? [], otherLines: [{ work: endless() }] },
    });
    expect(summary.done).toBeGreaterThanOrEqual(2);
    expect(summary.stoppedBy).toMatchObject({ code: "ledger" });
  });
});
