/*
 * Rows stay in the order of their batch, oldest first within it; `--order-by` sorts everything through a spool file.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import type { DownloadPlan } from "../core/download/download-plan.ts";
import { foundRows } from "../core/download/found-rows.ts";
import { openGivenRows } from "../core/download/given-rows.ts";
import { type Work, workFromFound } from "../core/download/work.ts";
import type { Listed } from "../core/model/catalogue.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Clock, Selection } from "../core/model/ports.ts";
import type { RecordingRef, SourceName } from "../core/model/recording.ts";
import { type FileWords, isSqliteError, openSqlite, sqliteError } from "../platform/sqlite.ts";
import { chain, listedWindow, type Notes, wireListing } from "./listed-work.ts";
import { refuseIdsToEnqueue, wirePending } from "./pending-work.ts";
import { namedWork } from "./recordings-by-id.ts";
import { openRowThread, paysToRead } from "./row-thread/row-thread.ts";
import { dateRulesOf, readerSettingsOf, refusePasswordInArgv, wireReader } from "./rows.ts";
import { sourceOfRow } from "./source-of-row.ts";
import { requiredSource, type SourceSet } from "./sources.ts";

/** The work a selection comes to, and what to do once all of it was seen. */
export interface WiredWork {
  readonly work: AsyncIterable<Work>;
  /** Recordings a person named one by one. */
  readonly named: readonly RecordingRef[];
  /** Remembers how far a listing came; called only when the run saw all of it. */
  readonly complete: () => Promise<void>;
  /** The calls that were listed whole; to be asked once all of the work was seen. */
  readonly listed?: () => readonly Listed[];
  /** Both as in a DownloadPlan. */
  readonly pull?: DownloadPlan["pull"];
  readonly otherLines?: DownloadPlan["otherLines"];
  /** Ends the waits of a listing or an export that is under way. */
  readonly end?: (reason?: RecordingError) => void;
  /** How many milliseconds the run may still take; undefined where it has no limit. */
  readonly timeLeft?: () => number | undefined;
}

/** Work from ids, rows, a database or the live call log, whichever the command line names; in the order it asks for. */
export async function wireWork(...[invocation, ...rest]: Parameters<typeof findWork>): Promise<WiredWork> {
  const ending = new AbortController();
  const end = (reason = new RecordingError("interrupted", "The run ended before the listing was complete.")) =>
    ending.abort(reason);
  const io = { ...invocation.io, stop: AbortSignal.any([invocation.io.stop, ending.signal]) };
  const { orderBy } = invocation.settings;
  const leftMs = timeLeft(invocation);
  const work = await within(leftMs, io.clock, end, () => findWork({ ...invocation, io }, ...rest));
  const found = { ...work, end, timeLeft: () => timeLeft(invocation) };
  if (orderBy === undefined) return found;
  // An order that is asked for is that of all sources together.
  const { otherLines = [], pull: _, ...alone } = found;
  const all = chain(alone.work, ...otherLines.map((line) => line.work));
  return { ...alone, work: inOrder(all, orderBy === "start,desc") };
}

/** How much is left of `--max-duration`, which counts from the program's start. */
function timeLeft({ settings, io, begun }: Invocation): number | undefined {
  const { maxDuration } = settings;
  return maxDuration === undefined ? undefined : Math.max(0, begun + maxDuration - io.clock.monotonic());
}

/** What is asked before the run begins may take long, too: the cap holds for it as well. */
async function within<T>(
  ms: number | undefined,
  clock: Clock,
  end: (reason: RecordingError) => void,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  if (ms !== undefined) {
    clock.sleep(ms, done.signal).then(
      () =>
        end(new RecordingError("cap-reached", "Stopped at --max-duration; run the same command again to continue.")),
      () => {},
    );
  }
  try {
    return await work();
  } finally {
    done.abort();
  }
}

export interface WorkOptions {
  /**
   * Whether large files of rows may be read in a thread: for whoever has as much to do with each recording as it takes to
   * read its row. Others would only wait for the thread, which takes longer by what has to cross.
   */
  readonly threaded?: boolean;
}

async function findWork(
  invocation: Invocation,
  sources: SourceSet,
  selection: Selection,
  notes: Notes,
  { threaded = false }: WorkOptions = {},
): Promise<WiredWork> {
  const { args, settings, io, flags } = invocation;
  const nothing = async () => {};
  const rules = {
    selection,
    nowMs: io.clock.now,
    sourceOf: (row: Parameters<typeof sourceOfRow>[0]) => sources.required(sourceOfRow(row, settings.source)),
  };
  refusePasswordInArgv(flags.database);
  if (settings.pending) return wirePending(invocation, sources, notes);
  if (settings.enqueueOnly) refuseIdsToEnqueue(args);
  refuseKindsOfGiven(invocation);
  if (args.length > 0) {
    const named = args.map((text) => ({ ...namedRef(text, sources), insist: true as const, named: true as const }));
    const all = { ...rules, selection: {} };
    return { work: namedWork(invocation, named, sources, notes, all), named, complete: nothing };
  }
  const reader = asksForListing(invocation) ? undefined : await wireReader(settings, selection, io);
  if (reader !== undefined) {
    const known = settings.forceOverwrites ? undefined : notes.callsOf;
    const apart = threaded ? rowsInThread(invocation, sources, selection) : undefined;
    const found = apart ?? foundRows(reader.rows(io.stop), rules.sourceOf);
    const given = workFromFound(found, { ...rules, given: openGivenRows(selection), ...(known && { known }) });
    const work = openListedRows(given, settings, selection, io.clock.now());
    return { ...work, named: [], complete: nothing };
  }
  const source = sources.required(requiredSource(settings));
  return wireListing(invocation, source, selection, notes, rules.sourceOf);
}

/** What large files of rows speak of, read in a thread; undefined where none pays. */
function rowsInThread({ settings, io }: Invocation, sources: SourceSet, selection: Selection) {
  const { rows: files, source } = settings;
  if (files === undefined || !paysToRead(files)) return undefined;
  const rows = { files, reader: readerSettingsOf(settings), dates: dateRulesOf(settings, selection) };
  return openRowThread({ ...rows, source, logins: [...sources.sources.keys()] }, io.stop);
}

function refuseKindsOfGiven(invocation: Invocation): void {
  const { args, settings, flags } = invocation;
  const given = args.length > 0 || (settings.rows ?? settings.database) !== undefined;
  if (flags.kinds === undefined || !given || (args.length === 0 && asksForListing(invocation))) return;
  const message = "--kinds says what to list at RingCentral: leave it out with ids, --rows and --database.";
  throw new RecordingError("usage", message);
}

/** The work of given rows, which afterwards tells that they were a list of their systems' calls. */
function openListedRows(work: AsyncIterable<Work>, settings: Settings, selection: Selection, nowMs: number) {
  const sources = new Set<SourceName>();
  const by = settings.database === undefined ? "rows" : "database";
  const untilMs = Math.min(selection.toMs ?? nowMs, nowMs - (selection.minAgeMs ?? 0));
  const listed: WiredWork["listed"] = () =>
    [...sources].map((source) => ({ source, by, ...listedWindow(selection, selection.fromMs, untilMs) }));
  return { work: seen(), listed };

  async function* seen(): AsyncIterable<Work> {
    for await (const piece of work) {
      for (const { source } of piece.refs) sources.add(source);
      yield piece;
    }
  }
}

/**
 * RingCentral's own call log, asked for on the command line by its window, comes before rows that only the environment
 * names: one environment may serve both systems.
 */
function asksForListing({ settings, flags, origins }: Invocation): boolean {
  const window = flags.from !== undefined || flags.month !== undefined || flags.since !== undefined;
  return settings.source === "ringcentral" && window && flags.rows === undefined && origins.rows !== undefined;
}

/** The recording a person named by id, contentUri or permanent path. */
export function namedRef(text: string, { sources }: SourceSet): RecordingRef {
  for (const source of sources.values()) {
    const ref = source.named(text);
    if (ref !== undefined) return ref;
  }
  if (sources.size === 0) throw new RecordingError("usage", "No system has a login yet: run callreel setup.");
  throw new RecordingError(
    "usage",
    `"${text}" is not a RingCentral recording id, a contentUri or a permanent path such as /r/tim/3/4/NCS….`,
  );
}

const pageSize = 4096;

/**
 * The same work, all of it sorted by call start; recordings without one come last. Everything is read first, through a
 * file that is removed afterwards, so that a million rows need no memory.
 */
export async function* inOrder(work: AsyncIterable<Work>, descending: boolean): AsyncIterable<Work> {
  const folder = mkdtempSync(join(tmpdir(), "callreel-order-"));
  const spool = openSqlite(join(folder, "spool.db"));
  try {
    spool.exec(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE refs (start TEXT, ref TEXT NOT NULL)",
    );
    const insert = spool.prepare("INSERT INTO refs VALUES (?, ?)");
    for await (const { refs, events } of work) {
      spool.exec("BEGIN");
      for (const ref of refs) insert.run(ref.call.start ?? null, JSON.stringify(ref));
      spool.exec("COMMIT");
      if (events.length > 0) yield { refs: [], events };
    }
    yield* pages(
      spool.prepare(`SELECT ref FROM refs ORDER BY start IS NULL, start ${descending ? "DESC" : "ASC"}`).iterate(),
    );
  } catch (error) {
    throw isSqliteError(error) ? sqliteError(error, wordsOf(folder)) : error;
  } finally {
    spool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function wordsOf(folder: string): FileWords {
  const remedy = "check the disk of the temporary folder, or set TMPDIR to another one";
  return { name: `The temporary file for sorting (${folder})`, damaged: { code: "disk-io", remedy }, busy: "disk-io" };
}

function* pages(rows: Iterable<unknown>): Iterable<Work> {
  let refs: RecordingRef[] = [];
  for (const row of rows) {
    refs.push(JSON.parse((row as { ref: string }).ref) as RecordingRef);
    if (refs.length < pageSize) continue;
    yield { refs, events: [] };
    refs = [];
  }
  if (refs.length > 0) yield { refs, events: [] };
}
