import { RecordingError } from "../core/errors.ts";
import type { Archive, RunStart } from "../core/ports.ts";
import { openCatalogue } from "./catalogue.ts";
import { verifyChain } from "./chain.ts";
import { type Claimant, openClaims } from "./claims.ts";
import { openDatabase } from "./database.ts";
import { openEntries } from "./entries.ts";
import type { LedgerContext } from "./index.ts";
import { openKept } from "./kept.ts";
import { openLeases } from "./leases.ts";
import { openResultWriter } from "./result-writer.ts";
import { openResults, type Result } from "./results.ts";
import { openRuns } from "./runs.ts";

/** The ledger in the SQLite file `path`, readable by any SQLite tool; several processes may have it open. */
export function openSqliteLedger(path: string, { clock, pid, version = "", readOnly = false }: LedgerContext): Archive {
  const database = openDatabase(path, readOnly);
  const leases = openLeases(database, clock, pid);
  const runs = openRuns(database, leases, clock, version);
  const claims = openClaims(database);
  const writer = openResultWriter(database);
  const entries = openEntries(database, leases.lives);
  const kept = openKept(database);
  const catalogue = openCatalogue(database, kept);
  let run: RunStart | undefined;
  let closed = false;

  const results = openResults((group) => database.write(() => writeAll(group)));
  const writeAll = (group: readonly Result[]) => {
    const runId = run?.runId ?? "";
    for (const result of group) writer.write(result, runId, clock.now());
    const stored = group.filter((result) => "stored" in result);
    const failed = group.filter((result) => "error" in result);
    const bytes = stored.reduce((sum, result) => sum + result.stored.bytes, 0);
    if (run !== undefined) leases.count(run.runId, stored.length, failed.length, bytes);
  };
  /** Whatever reads or claims sees every result told before. */
  const settled = <T>(work: () => T): T => {
    results.flush();
    return database.read(work);
  };
  const claimant = (): Claimant => {
    if (run === undefined) throw new RecordingError("bug", "A claim needs a run that has begun.");
    return { runId: run.runId, now: clock.now, lives: leases.lives };
  };

  return {
    begin: async (start) => {
      if (run !== undefined) throw new RecordingError("bug", "This ledger's run has begun already.");
      runs.begin(start);
      run = start;
    },
    claim: async (refs) => {
      const granted = settled(() => claims.claim(refs, claimant()));
      database.read(leases.renew);
      return granted;
    },
    reclaim: async (ref) => settled(() => claims.reclaim(ref, claimant())),
    done: (ref, stored) => results.settle({ ref, stored }),
    failed: (ref, error) => results.settle({ ref, error }),
    release: (key) => results.settle({ key, released: true }),
    finish: async (summary, exitCode) => {
      const ended = run;
      if (ended === undefined) throw new RecordingError("bug", "No run has begun that could finish.");
      settled(() => runs.finish(ended, summary, exitCode));
      run = undefined;
    },
    pending: async function* (source) {
      yield* settled(() => entries.pending(source, run?.runId ?? ""));
    },
    entries: async function* (filter) {
      yield* settled(() => entries.matching(filter));
    },
    entry: async (key) => settled(() => entries.one(key)),
    get: async (name) => database.read(() => kept.get(name)),
    set: async (name, value) => database.write(() => kept.set(name, value)),
    summary: async () => settled(catalogue.summary),
    failures: async () => settled(catalogue.failures),
    waiting: async (source, startedBefore) => settled(() => catalogue.waiting(source, startedBefore)),
    lastRuns: async (count) => settled(() => runs.last(count)),
    adopt: async (found) => {
      const adoptAll = () =>
        found.filter(({ ref, stored }) => writer.adopt(ref, stored, run?.runId ?? "", clock.now()));
      return settled(() => database.write(adoptAll).length);
    },
    purge: async (keys, why) => settled(() => catalogue.purge(keys, why, clock.now())),
    audit: async (line) => catalogue.audit(line, clock.now()),
    lastAudits: async (count) => database.read(() => catalogue.lastAudits(count)),
    verifyRunChain: async () => database.read(() => verifyChain(database.sqlite, "runs", "run_id")),
    verifyAuditChain: async () => database.read(() => verifyChain(database.sqlite, "audits", "action")),
    checkFile: async () => database.check(),
    [Symbol.asyncDispose]: async () => {
      if (closed) return;
      closed = true;
      results.flush();
      leases.close();
      database.close();
    },
  };
}
