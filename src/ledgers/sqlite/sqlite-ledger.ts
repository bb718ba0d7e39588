import { holdsOver } from "../../core/holds.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Archive, Ledger, RunStart } from "../../core/model/ledger.ts";
import type { Clock } from "../../core/model/ports.ts";
import type { Operator } from "../../platform/operator.ts";
import { atOnce } from "../../platform/sqlite.ts";
import type { LedgerContext } from "../index.ts";
import { mustBeOurs, type Result } from "../result.ts";
import { openAudit, openCatalogue } from "./catalogue.ts";
import { findHead, headOf, verifyChain } from "./chain.ts";
import { type Claimant, openClaims } from "./claims.ts";
import { type Database, openDatabaseInUse } from "./database.ts";
import { openEntries } from "./entries.ts";
import { openHolds } from "./holds.ts";
import { type OwedHooks, openOwedHooks } from "./hooks.ts";
import { openKeyValue } from "./key-value.ts";
import { type Leases, openLeases } from "./leases.ts";
import { brokenOutcomes, type Outcomes, openOutcomes } from "./outcomes.ts";
import { recordsOf } from "./records.ts";
import { openResults, openResultWriter } from "./results.ts";
import { openRuns, type Runs } from "./runs.ts";
import { openSpoken } from "./spoken.ts";

/** What the halves of the ledger share. */
interface OpenLedger {
  readonly database: Database;
  readonly clock: Clock;
  readonly leases: Leases;
  readonly runs: Runs;
  readonly hooks: OwedHooks;
  readonly outcomes: Outcomes;
  readonly operator: Operator | undefined;
  /** The run that has begun here and not finished. */
  run: RunStart | undefined;
}

/** The ledger in the SQLite file `path`, readable by any SQLite tool; several processes may have it open. */
export function openSqliteLedger(path: string, context: LedgerContext): Archive {
  const database = openDatabaseInUse(path, context.readOnly ?? false);
  try {
    return database.read(() => archiveOf(database, context));
  } catch (error) {
    database.close();
    throw error;
  }
}

function archiveOf(database: Database, { clock, pid, version = "", operator, leaseMs }: LedgerContext): Archive {
  const leases = openLeases(database, clock, pid, leaseMs);
  const outcomes = openOutcomes(database.sqlite);
  const runs = openRuns(database, { leases, outcomes }, clock, { version, operator });
  const opened: OpenLedger = {
    database,
    clock,
    leases,
    runs,
    outcomes,
    operator,
    hooks: openOwedHooks(database),
    run: undefined,
  };
  const writer = openResultWriter(database, outcomes);
  const results = openResults((group) => {
    const written = database.write(() => writeAll(group));
    database.read(outcomes.fold);
    return written;
  });
  const writeAll = (group: readonly Result[]) => {
    const known = group.map((result) => writer.write(result, opened.run?.runId ?? "", clock.now()));
    const won = group.filter((_, at) => known[at] !== "lost");
    const stored = won.filter((result) => "stored" in result);
    const failed = won.filter((result) => "error" in result);
    if (opened.run?.hooked) {
      opened.hooks.owe(
        stored.map(({ ref }) => ref.key),
        clock.now(),
      );
    }
    leases.count(
      stored.length,
      failed.length,
      stored.reduce((sum, result) => sum + result.stored.bytes, 0),
    );
    return known;
  };
  /** Whatever reads or claims sees every result told before. */
  const settled: Settled = (work) => {
    results.flush();
    return database.read(work);
  };
  let closed = false;
  return {
    ...working(opened, settled),
    done: async (ref, stored) => void mustBeOurs(await results.settle({ ref, stored }), ref),
    failed: async (ref, error) => mustBeOurs(await results.settle({ ref, error }), ref),
    release: async (key) => void (await results.settle({ key, released: true })),
    ...reading(opened, settled),
    adopt: async (found) => {
      const runId = opened.run?.runId ?? "";
      const adoptAll = () => found.filter(({ ref, stored }) => writer.adopt(ref, stored, runId, clock.now()));
      return settled(() => database.write(adoptAll).length);
    },
    [Symbol.asyncDispose]: async () => {
      if (closed) return;
      closed = true;
      results.flush();
      leases.close();
      database.close();
    },
  };
}

type Settled = <T>(work: () => T) => T;

/** A run's own part: from its begin to its end. */
function working(opened: OpenLedger, settled: Settled): Pick<Ledger, "begin" | "claim" | "reclaim" | "finish"> {
  const { database, clock, leases, runs } = opened;
  const claims = openClaims(database);
  const claimant = (): Claimant => {
    if (opened.run === undefined) throw new RecordingError("bug", "A claim needs a run that was started.");
    return { runId: opened.run.runId, now: () => clock.now(), lives: leases.lives };
  };
  return {
    begin: async (start) => {
      if (opened.run !== undefined) throw new RecordingError("bug", "This ledger's run was started already.");
      runs.begin(start);
      opened.run = start;
    },
    claim: async (refs) => {
      const answers = settled(() => claims.claim(refs, claimant()));
      database.read(leases.renew);
      return answers;
    },
    reclaim: async (ref) => settled(() => claims.reclaim(ref, claimant())),
    finish: async (summary, exitCode, listed) => {
      const ended = opened.run;
      if (ended === undefined) throw new RecordingError("bug", "No run was started that could finish.");
      settled(() => runs.finish(ended, summary, exitCode, listed));
      opened.run = undefined;
    },
  };
}

type Reading = Omit<
  Archive,
  "begin" | "claim" | "reclaim" | "finish" | "done" | "failed" | "release" | "adopt" | typeof Symbol.asyncDispose
>;

/** What other commands ask and record. */
function reading(opened: OpenLedger, settled: Settled): Reading {
  const { database, clock, leases, runs, hooks, outcomes, operator } = opened;
  const { sqlite } = database;
  const entries = openEntries(database, leases.lives);
  const kept = openKeyValue(database);
  const audit = openAudit(database, outcomes, operator);
  const spoken = openSpoken(database);
  const holds = openHolds(database, operator, audit);
  const catalogue = openCatalogue(database, kept, outcomes, holds, audit);
  return {
    isShared: false,
    pending: async function* (source) {
      yield* settled(() => entries.pending(source, opened.run?.runId ?? "", clock.now()));
    },
    entries: async function* (filter) {
      yield* settled(() => entries.matching(filter));
    },
    keys: async function* (filter) {
      yield* settled(() => entries.keys(filter));
    },
    entry: async (key) => settled(() => entries.of([key])[0]),
    entriesOf: async (keys) => settled(() => entries.of(keys)),
    callsOf: async (keys) => settled(() => entries.callsOf(keys)),
    heldOf: async (keys) => settled(() => entries.heldOf(keys)),
    get: async (name) => database.read(() => kept.get(name)),
    set: async (name, value) => database.write(() => kept.set(name, value)),
    agree: async (name, value) => database.write(() => kept.agree(name, value)),
    summary: async () => settled(catalogue.summary),
    failures: async () => settled(catalogue.failures),
    shorts: async () => settled(catalogue.shorts),
    waiting: async (source, startedBefore) => settled(() => catalogue.waiting(source, startedBefore)),
    livingSince: async () => settled(leases.livingSince),
    lastRuns: async (count) => settled(() => runs.last(count)),
    runTotals: async (beforeMs) => settled(() => runs.totals(beforeMs)),
    purge: async (keys, reason) => settled(() => catalogue.purge(keys, reason, clock.now())),
    purging: async () => settled(catalogue.purging),
    holds: async () => settled(holds.list),
    isKept: async (ref) => settled(() => holdsOver(holds.list(), ref).length > 0),
    addHolds: async (rules, reason) => settled(() => holds.add(rules, reason, clock.now())),
    removeHolds: async (names, reason) => settled(() => holds.remove(names, reason, clock.now())),
    lostHolds: async () => settled(holds.lost),
    confirmHolds: async (reason) => settled(() => holds.confirm(reason, clock.now())),
    purgeEnded: async (keys) => settled(() => catalogue.purgeEnded(keys)),
    audit: async (line) => catalogue.audit(line, clock.now()),
    noteDamage: async (found) => settled(() => catalogue.noteDamage(found)),
    noteEtags: async (found) => settled(() => catalogue.noteEtags(found)),
    noteTranscripts: async (key, transcripts, said) =>
      void settled(() => database.write(() => spoken.note(key, transcripts, said, clock.now()))),
    spokenOf: async (key) => settled(() => spoken.of(key)),
    hookEnded: async (key, failure) => database.write(() => hooks.ended(key, failure, clock.now())),
    hooksOwed: async function* () {
      for (let after = ""; ; ) {
        const keys = settled(() => hooks.page(after));
        const last = keys.at(-1);
        if (last === undefined) return;
        after = last;
        yield settled(() => entries.of(keys)).filter((entry) => entry !== undefined);
      }
    },
    hooksOwedCount: async () => settled(hooks.count),
    auditsOf: async (key) => database.read(() => catalogue.auditsOf(key)),
    lastAudits: async (...asked) => database.read(() => catalogue.lastAudits(...asked)),
    records: async function* (window = {}) {
      yield* settled(() => recordsOf(database, window));
    },
    verifyRunChain: async () => settled(() => atOnce(sqlite, () => verifyChain(sqlite, "runs", "run_id"))),
    verifyAuditChain: async () => settled(() => atOnce(sqlite, () => verifyChain(sqlite, "audits", "action"))),
    brokenOutcomes: async function* () {
      yield* settled(() => [...brokenOutcomes(database.sqlite)]);
    },
    head: async () => settled(() => headOf(database.sqlite)),
    findHead: async (head) => settled(() => findHead(database.sqlite, head)),
    checkFile: async () => database.check(),
  };
}
