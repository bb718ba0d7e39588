import { holdsOver } from "../../core/holds.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Archive, Ledger, RunStart } from "../../core/model/ledger.ts";
import type { Operator } from "../../platform/operator.ts";
import { openPostgresDatabase, type Postgres } from "../../platform/postgres.ts";
import { auditRow } from "../audit-records.ts";
import type { LedgerContext } from "../index.ts";
import { mustBeOurs, type Result } from "../result.ts";
import type { Author } from "../run-records.ts";
import * as catalogue from "./catalogue.ts";
import { appendChained, findHead, headOf, verifyChain } from "./chain.ts";
import { claimAll, reclaim } from "./claims.ts";
import { callsOf, entriesOf, heldOf, keysOf, matching, pending } from "./entries.ts";
import { type Grouped, openGrouped } from "./grouped.ts";
import * as holds from "./holds.ts";
import { hookEnded, hooksOwedCount, hooksPage, oweHooks } from "./hooks.ts";
import { agree, keep, keptValues } from "./key-value.ts";
import { leaseLost, longestLeaseMs, renewLease } from "./leases.ts";
import { brokenOutcomes } from "./outcomes.ts";
import { openPull } from "./pull.ts";
import { purge, purging } from "./purge.ts";
import { recordsOf } from "./records.ts";
import { adoptAll, type Written, writeResults } from "./results.ts";
import { beginRun, finishRun, foldManyHoldings, lastRuns, runTotals } from "./runs.ts";
import { migrate } from "./schema.ts";
import { openStore, type Store, type Tables } from "./store.ts";

/** What the halves of the ledger share. */
interface OpenLedger {
  readonly store: Store;
  readonly author: Author & { readonly pid: number };
  readonly leaseMs: number;
  readonly results: Grouped<Result, Written>;
  /** Whatever reads or claims sees every result told before. */
  read<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  write<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  /** The run that has begun here and not finished. */
  run: RunStart | undefined;
  heartbeat: NodeJS.Timeout | undefined;
}

interface PostgresContext extends LedgerContext {
  /** The time in place of the database's, for tests. */
  readonly nowMs?: () => number;
}

/**
 * The ledger in the PostgreSQL database at `url`, in the schema `callreel`, for any number of machines. Locks, atomicity
 * and the clock are the database's. Its password comes from `context` or the URL, never from the command line.
 */
export async function openPostgresLedger(url: string, context: PostgresContext): Promise<Archive> {
  const { password, readOnly = false } = context;
  const database = await openPostgresDatabase(url, { flag: "--ledger", password });
  try {
    await migrate(database, readOnly);
    return archiveOf(database, context);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

function archiveOf(database: Postgres, { pid, version = "", operator, leaseMs, nowMs }: PostgresContext): Archive {
  const store = openStore(database, nowMs);
  const results = openGrouped<Result, Written>((group) => store.write((tables) => writeGroup(opened, tables, group)));
  const opened: OpenLedger = {
    store,
    results,
    author: { version, operator, pid },
    leaseMs: Math.min(leaseMs ?? longestLeaseMs, longestLeaseMs),
    run: undefined,
    heartbeat: undefined,
    read: async (work) => {
      await results.flush();
      return store.read(work);
    },
    write: async (work) => {
      await results.flush();
      return store.write(work);
    },
  };
  let closed = false;
  return {
    ...working(opened),
    ...reading(opened),
    ...recording(opened, operator),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      clearInterval(opened.heartbeat);
      await results.flush();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function writeGroup({ run, leaseMs }: OpenLedger, tables: Tables, group: readonly Result[]): Promise<Written[]> {
  const runId = run?.runId ?? "";
  // Others have closed this run: whatever it brings comes too late.
  if (run !== undefined && !(await renewLease(tables, runId, leaseMs))) return group.map(() => "lost");
  const written = await writeResults(tables, group, runId);
  const won = group.filter((_, at) => written[at] !== "lost");
  const stored = won.filter((result) => "stored" in result);
  if (run?.hooked)
    await oweHooks(
      tables,
      stored.map(({ ref }) => ref.key),
    );
  const failed = won.filter((result) => "error" in result).length;
  const bytes = stored.reduce((sum, result) => sum + result.stored.bytes, 0);
  await renewLease(tables, runId, leaseMs, { done: stored.length, failed, bytes });
  return written;
}

type Working = Pick<Ledger, "pull" | "begin" | "claim" | "reclaim" | "done" | "failed" | "release" | "finish">;

/** A run's own part: from its begin to its end. */
function working(opened: OpenLedger): Working {
  const { store, results, author, leaseMs } = opened;
  const pull = openPull();
  const runId = () => {
    if (opened.run === undefined) throw new RecordingError("bug", "A claim needs a run that was started.");
    return opened.run.runId;
  };
  const claiming = async <T>(work: (tables: Tables, runId: string) => Promise<T>) => {
    const id = runId();
    await results.flush();
    // A claim that a crash of the server takes back is refused afterwards.
    return store.writeUnsynced(async (tables) => {
      if (!(await renewLease(tables, id, leaseMs))) throw leaseLost();
      return work(tables, id);
    });
  };
  const stay = (id: string) => {
    const beat = async (tables: Tables) => {
      await renewLease(tables, id, leaseMs);
      await foldManyHoldings(tables);
    };
    const renew = () => void store.write(beat).catch(() => {});
    opened.heartbeat = setInterval(renew, Math.max(100, leaseMs / 4)).unref();
  };
  return {
    begin: async (start) => {
      if (opened.run !== undefined) throw new RecordingError("bug", "This ledger's run was started already.");
      await opened.write((tables) => beginRun(tables, start, author, leaseMs));
      opened.run = start;
      stay(start.runId);
    },
    pull: async (source, most) => claiming((tables, id) => pull(tables, source, id, most)),
    claim: async (refs) => (refs.length === 0 ? [] : claiming((tables, id) => claimAll(tables, refs, id))),
    reclaim: async (ref) => claiming((tables, id) => reclaim(tables, ref, id)),
    done: async (ref, stored) => void mustBeOurs(await results.settle({ ref, stored }), ref),
    failed: async (ref, error) => mustBeOurs(await results.settle({ ref, error }), ref),
    release: async (key) => void (await results.settle({ key, released: true })),
    finish: async (summary, exitCode, listed = []) => {
      const run = opened.run;
      if (run === undefined) throw new RecordingError("bug", "No run was started that could finish.");
      clearInterval(opened.heartbeat);
      await opened.write((tables) => finishRun(tables, { run, summary, exitCode, listed }, author));
      opened.run = undefined;
    },
  };
}

type Reading = Omit<Archive, keyof Working | keyof ReturnType<typeof recording> | typeof Symbol.asyncDispose>;

/** What other commands ask. */
function reading(opened: OpenLedger): Reading {
  const { store, results } = opened;
  const settled = <Args extends unknown[], Item>(pages: (...args: Args) => AsyncGenerator<Item>) =>
    async function* (...args: Args) {
      await results.flush();
      yield* pages(...args);
    };
  const ask =
    <T, Args extends unknown[]>(work: (tables: Tables, ...args: Args) => Promise<T>) =>
    (...args: Args) =>
      opened.read((tables) => work(tables, ...args));
  return {
    isShared: true,
    pending: settled((source) => pending(store, source, opened.run?.runId ?? "")),
    entries: settled((filter) => matching(store, filter)),
    keys: settled((filter) => keysOf(store, filter)),
    entry: async (key) => (await opened.read((tables) => entriesOf(tables, [key])))[0],
    entriesOf: ask(entriesOf),
    callsOf: ask(callsOf),
    heldOf: ask(heldOf),
    get: async (name) => (await opened.read((tables) => keptValues(tables, [name]))).get(name),
    summary: ask(catalogue.summary),
    failures: ask(catalogue.failures),
    shorts: ask(catalogue.shorts),
    waiting: ask(catalogue.waiting),
    lastRuns: ask(lastRuns),
    runTotals: (beforeMs) => opened.read((tables) => runTotals(tables, beforeMs)),
    livingSince: () => opened.read((tables) => livingSince(tables, opened.run?.runId ?? "")),
    purging: ask(purging),
    holds: ask(holds.holdsInForce),
    isKept: (ref) => opened.read(async (tables) => holdsOver(await holds.holdsInForce(tables), ref).length > 0),
    lostHolds: ask(holds.holdsLost),
    spokenOf: ask(catalogue.spokenOf),
    hooksOwed: async function* () {
      for (let after = ""; ; ) {
        const keys = await opened.read((tables) => hooksPage(tables, after));
        const last = keys.at(-1);
        if (last === undefined) return;
        after = last;
        yield (await opened.read((tables) => entriesOf(tables, keys))).filter((entry) => entry !== undefined);
      }
    },
    hooksOwedCount: ask(hooksOwedCount),
    auditsOf: ask(catalogue.auditsOf),
    lastAudits: ask(catalogue.lastAudits),
    records: settled((window = {}) => recordsOf(store, window)),
    verifyRunChain: () => verifyChain(store, "runs", "run_id"),
    verifyAuditChain: () => verifyChain(store, "audits", "action"),
    brokenOutcomes: settled(async function* () {
      yield* await brokenOutcomes(store);
    }),
    head: ask(headOf),
    findHead: ask(findHead),
    // Pages of the database are the server's to check: what is read here, it reads whole.
    checkFile: () => opened.read(async (tables) => void (await tables.rows("SELECT count(*) FROM recordings"))),
  };
}

async function livingSince(tables: Tables, runId: string): Promise<number | undefined> {
  const [row] = await tables.rows<{ started: number | null }>(
    "SELECT min(started) AS started FROM leases WHERE until > $1 AND run_id <> $2",
    [tables.now, runId],
  );
  return row?.started ?? undefined;
}

/** What other commands record. */
function recording({ write, run }: OpenLedger, operator: Operator | undefined) {
  return {
    set: (name, value) => write((tables) => keep(tables, name, value)),
    agree: (name, value) => write((tables) => agree(tables, name, value)),
    adopt: (found) => write((tables) => adoptAll(tables, found, run?.runId ?? "")),
    purge: (keys, reason) => write((tables) => purge(tables, keys, reason, operator)),
    addHolds: (rules, reason) => write((tables) => holds.addHolds(tables, rules, reason, operator)),
    removeHolds: (names, reason) => write((tables) => holds.removeHolds(tables, names, reason, operator)),
    confirmHolds: (reason) => write((tables) => holds.confirmHolds(tables, reason, operator)),
    purgeEnded: (keys) =>
      write(async (tables) => void (await tables.change("DELETE FROM purging WHERE key = ANY ($1::text[])", [keys]))),
    audit: (line) => write((tables) => appendChained(tables, "audits", auditRow(line, operator, tables.now))),
    noteDamage: (found) => write((tables) => catalogue.noteDamage(tables, found)),
    noteEtags: (found) => write((tables) => catalogue.noteEtags(tables, found)),
    noteTranscripts: (key, transcripts, spoken) =>
      write((tables) => catalogue.noteTranscripts(tables, key, transcripts, spoken)),
    hookEnded: (key, failure) => write((tables) => hookEnded(tables, key, failure)),
  } satisfies Partial<Archive>;
}
