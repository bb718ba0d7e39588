import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ErrorCode, RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Call, RecordingRef } from "../../src/core/model/recording.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { smallWav } from "./calls-server.ts";
import { heldClock } from "./held-clock.ts";

export const hostile = '"><script>alert(1)</script>\u202e\u2028=HYPERLINK("x")';

/** An archive of March 2026 in which a recording has met every fate there is. */
export interface ReportArchive extends AsyncDisposable {
  readonly ledger: Archive;
  readonly refs: readonly RecordingRef[];
  /** Ends the run as one that has listed the month whole. */
  list(by?: "call-log" | "rows"): Promise<void>;
}

/** The fates, in the order of the recordings' ids, 1 and up. */
export const fates = [
  ...["held", "held", "hostile", "short", "cut", "noted", "lost", "failed", "claimed", "not-ready"],
  ...["gone", "gone-unproven", "forbidden", "purged", "undated", "undated-failed"],
] as const;

export async function openReportArchive(root: string, chosen: readonly string[] = fates): Promise<ReportArchive> {
  const clock = heldClock(Date.UTC(2026, 3, 2, 3, 10));
  const file = join(root, ".callreel", "ledger.db");
  const ledger = await openArchive(file, { clock, pid: 1, version: "0.2.0", operator: { name: "ada", host: "pc7" } });
  const begin = (runId: string) => ledger.begin({ runId, startedMs: clock.now(), selection: { month: "2026-03" } });
  const refs = chosen.map((fate, at) => refOf(at + 1, fate));
  await begin("first");
  await ledger.claim(refs);
  for (const [at, ref] of refs.entries()) await meet(chosen[at] as string, ref);
  await ledger.finish(nothing, 3);
  await clock.advance(2 * 86_400_000);
  await begin("second");
  for (const [at, ref] of refs.entries()) {
    if (chosen[at] !== "gone") continue;
    await ledger.reclaim(ref);
    await ledger.failed(ref, refusal("gone"));
  }
  return {
    ledger,
    refs,
    list: (by = "call-log") => {
      const window = { from: "2026-03-01T00:00:00.000Z", to: "2026-04-01T00:00:00.000Z" };
      return ledger.finish(nothing, 0, [{ source: "ringcentral", by, ...window }]);
    },
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };

  async function meet(fate: string, ref: RecordingRef): Promise<void> {
    if (fate === "claimed") return ledger.release(ref.key);
    const code = failures[fate];
    if (code !== undefined) return void (await ledger.failed(ref, refusal(code)));
    const path = `ringcentral/2026/03/${ref.id}.wav`;
    const audio = smallWav(ref.id);
    mkdirSync(join(root, dirname(path)), { recursive: true });
    if (fate !== "lost") writeFileSync(join(root, path), fate === "cut" ? audio.subarray(0, 100) : audio);
    const sha256 = createHash("sha256").update(audio).digest("hex");
    await ledger.done(ref, { path, bytes: audio.length, sha256, contentType: "audio/wav", audioSeconds: 20 });
    if (fate === "noted")
      await ledger.noteDamage(new Map([[ref.key, "its SHA-256 has changed since it was downloaded"]]));
    if (fate === "purged") await ledger.purge([ref.key], "asked by letter");
  }
}

const nothing = { done: 0, skipped: 0, failed: 0, rejected: 0, bytes: 0, ms: 0, reasons: {} };

const failures: Readonly<Record<string, ErrorCode>> = {
  failed: "timeout",
  "undated-failed": "timeout",
  "not-ready": "not-ready",
  gone: "gone",
  "gone-unproven": "gone",
  forbidden: "forbidden",
};

function refusal(code: ErrorCode): RecordingError {
  const witness = { by: "media.ringcentral.com", explicit: true };
  return new RecordingError(
    code,
    `It exited with ${code}.`,
    code === "timeout" || code === "not-ready" ? {} : { witness },
  );
}

function refOf(id: number, fate: string): RecordingRef {
  const start = new Date(Date.UTC(2026, 2, 1 + (id % 31), 8, id)).toISOString();
  const call: Call = {
    ...(fate.startsWith("undated") ? {} : { start }),
    duration: fate === "short" ? 600 : 22,
    direction: id % 2 === 0 ? "inbound" : "outbound",
    from: "+493055577700",
    to: fate === "hostile" ? hostile : "+442071838750",
    name: fate === "hostile" ? hostile : "Ada Müller",
    extension: "101",
    account: "37439510",
  };
  const locator = { contentUri: `https://media.ringcentral.com/restapi/v1.0/account/37439510/recording/${id}/content` };
  return { key: `ringcentral/${id}`, source: "ringcentral", id: String(id), locator, call };
}
