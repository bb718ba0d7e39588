import { describe, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Source } from "../../src/core/model/ports.ts";
import type { Link, RecordingRef, Row, SourceName } from "../../src/core/model/recording.ts";

/** A source over a real server, and rows that fit it. */
export interface SourceUnderTest extends AsyncDisposable {
  readonly source: Source;
  /** Speaks of at least one recording that the server has. */
  readonly row: Row;
  /** A row of this system without a recording. */
  readonly rowWithout: Row;
  /** Gets the link's address as the transfer would; tells the link of the answer's head. */
  fetch(link: Link): Promise<{ readonly status: number; readonly bytes: number }>;
  /** What must never be seen in a ref, an event or an error. */
  readonly secrets: readonly string[];
}

const signal = new AbortController().signal;

/** What every source must do, whatever system is behind it. */
export function testSource(name: SourceName, open: () => Promise<SourceUnderTest>): void {
  describe(`a source (${name})`, () => {
    test("finds the recordings of a row, the same each time, as plain data without a secret", async () => {
      await using world = await open();
      const { refs, absence } = world.source.recordings(world.row);
      expect(absence).toBeUndefined();
      expect(refs.length).toBeGreaterThan(0);
      expect(world.source.recordings(world.row).refs).toEqual(refs);
      expect(JSON.parse(JSON.stringify(refs))).toEqual(refs);
      for (const ref of refs) {
        expect(ref.source).toBe(name);
        expect(ref.key.startsWith(`${name}/`)).toBe(true);
        expect(ref.key).toMatch(/^[\w.~%/!*'()-]+$/);
        for (const secret of world.secrets) expect(JSON.stringify(ref)).not.toContain(secret);
      }
    });

    test("says why a row has no recording", async () => {
      await using world = await open();
      const { refs, absence } = world.source.recordings(world.rowWithout);
      expect(refs).toEqual([]);
      expect(["no-recording", "short-recording"]).toContain(absence?.reason);
    });

    test("takes a recording that it wrote out as JSON back as the same recording", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs;
      const fields = JSON.parse(JSON.stringify(ref)) as Record<string, unknown>;
      expect(world.source.recordings({ fields, file: "-", line: 1 }).refs).toEqual([ref]);
    });

    test("knows a recording by its permanent path, and nothing of the other system", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      expect(world.source.named(`/r/${ref.key}`)?.key).toBe(ref.key);
      const others = name === "tim" ? "/r/ringcentral/123" : "/r/tim/3/4/NCS1";
      for (const foreign of [others, "", " ", "../../etc/passwd", "https://example.com/"]) {
        expect(world.source.named(foreign)).toBeUndefined();
      }
    });

    test("meets hostile rows with an absence or bad-rows, never with another error", async () => {
      await using world = await open();
      for (const value of hostileValues) {
        for (const field of ["", ...Object.keys(world.row.fields)]) {
          const fields = field === "" ? { anything: value } : { ...world.row.fields, [field]: value };
          expectTolerance(() => world.source.recordings({ fields, file: "rows.csv", line: 7 }));
        }
      }
      expectTolerance(() => world.source.recordings({ fields: {}, file: "rows.csv", line: 7 }));
    });

    test("gives a link that fetches the audio", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      const link = await world.source.link(ref, undefined, signal);
      expect(Object.keys(link.headers).every((header) => header === header.toLowerCase())).toBe(true);
      const { status, bytes } = await world.fetch(link);
      expect(status).toBe(200);
      expect(bytes).toBeGreaterThan(0);
    });

    test("never gives the key of a failed link again", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      const first = await world.source.link(ref, undefined, signal);
      first.answered?.({ status: 401, headers: {} });
      const second = await world.source.link(ref, first, signal);
      second.answered?.(undefined);
      expect({ url: second.url, headers: second.headers }).not.toEqual({ url: first.url, headers: first.headers });
    });

    test("takes no link once it is told to stop", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      const stopped = AbortSignal.abort(new RecordingError("interrupted", "Interrupted."));
      await expect(world.source.link(ref, undefined, stopped)).rejects.toMatchObject({ code: "interrupted" });
    });

    test("judges an overloaded server as temporary and honours its Retry-After", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      const busy = failure("server-error", 503, { "retry-after": "7" });
      expect(world.source.classifyFailure(busy, ref, 0)).toMatchObject({ verdict: "retry", retryAfterMs: 7000 });
      const limited = failure("rate-limited", 429, { "retry-after": "9" });
      expect(world.source.classifyFailure(limited, ref, 0)).toMatchObject({ code: "rate-limited", retryAfterMs: 9000 });
    });

    test("leaves an error that is no answer as it is", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      for (const code of ["reset", "timeout", "disk-full"] as const) {
        const error = new RecordingError(code, "as it was");
        expect(world.source.classifyFailure(error, ref, 0)).toBe(error);
      }
    });

    test("stops renewing a refused link in the end, with words that hold no secret", async () => {
      await using world = await open();
      const [ref] = world.source.recordings(world.row).refs as [RecordingRef];
      for (const status of [401, 403, 404, 410]) {
        const classified = world.source.classifyFailure(failure("http-error", status, {}), ref, 9);
        expect(["give-up", "stop"]).toContain(classified.verdict);
        for (const secret of world.secrets) expect(classified.message).not.toContain(secret);
      }
    });

    test("closes more than once without complaint", async () => {
      await using world = await open();
      await world.source[Symbol.asyncDispose]();
      await world.source[Symbol.asyncDispose]();
    });
  });
}

const hostileValues: readonly unknown[] = [
  null,
  undefined,
  "",
  "\0",
  "NULL",
  -1,
  Number.NaN,
  Infinity,
  true,
  [],
  [[]],
  {},
  { __proto__: null, id: {} },
  { id: "../../../etc/passwd", contentUri: "file:///etc/passwd" },
  "../../../etc/passwd",
  "..",
  "a\r\nX-Injected: 1",
  "\u202egpj.exe",
  "%",
  "%zz",
  "\ud800",
  "x".repeat(100_000),
];

function expectTolerance(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RecordingError);
    expect((error as RecordingError).code).toBe("bad-rows");
    expect((error as RecordingError).message.length).toBeLessThan(1000);
  }
}

function failure(
  code: "server-error" | "rate-limited" | "http-error",
  status: number,
  headers: Record<string, string>,
) {
  return new RecordingError(code, "refused", { head: { status, headers } });
}
