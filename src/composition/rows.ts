/*
 * CALLREEL_ROWS steps back when RingCentral's own log is asked for by window: one environment may serve both systems.
 */

import { readSecret, type Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { openGivenRows } from "../core/download/given-rows.ts";
import { type Work, workFromRows } from "../core/download/work.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Reader, Selection, Source } from "../core/model/ports.ts";
import type { RecordingRef, Row, RowFinding, SourceName } from "../core/model/recording.ts";
import { asksForStarts } from "../core/selection.ts";
import { type DateRules, datedRows, openDatabase, openReader } from "../readers/index.ts";
import { sources } from "../sources/index.ts";
import { namedRecording } from "../sources/ringcentral/call-log/call-records.ts";
import { refOf } from "../sources/tim/calls-table.ts";
import { idsOfPath } from "../sources/tim/recording-key.ts";
import { openRunReporter } from "./reporter.ts";
import { sourceOfRow } from "./source-of-row.ts";

/** The reader that the settings name: files, stdin or a database; undefined when they name none. */
export async function wireReader(settings: Settings, selection: Selection, io: Io): Promise<Reader | undefined> {
  const reader = await plainReader(settings, selection, io);
  if (reader === undefined) return undefined;
  const rules = dateRulesOf(settings, selection);
  return { rows: (signal) => datedRows(reader.rows(signal), rules) };
}

async function plainReader(settings: Settings, selection: Selection, io: Io): Promise<Reader | undefined> {
  if (settings.rows !== undefined && settings.database !== undefined) {
    throw new RecordingError("usage", "--rows and --database cannot be used together.");
  }
  const files = readerSettingsOf(settings);
  if (settings.database !== undefined)
    return openDatabase(settings.database, databaseSettings(settings, files.map, selection));
  if (settings.rows === undefined) return undefined;
  if (settings.rows.includes("-") && io.stdin.isTTY) {
    throw new RecordingError("usage", "--rows - reads from a pipe, but stdin is a terminal.");
  }
  return openReader(settings.rows, { ...files, stdin: io.stdin });
}

/** How rows in files are to be understood, as far as the settings say it. */
export function readerSettingsOf({ map = [], columns, encoding }: Settings) {
  return {
    map: Object.fromEntries(map.map(({ name, value }) => [name, value])),
    ...(columns === undefined ? {} : { columns }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}

/** How the starts of rows are to be read. */
export function dateRulesOf({ rowDates = "auto" }: Settings, selection: Selection): DateRules {
  return { dates: rowDates, windowed: asksForStarts(selection) };
}

function databaseSettings(
  settings: Settings,
  map: Readonly<Record<string, string>>,
  selection: Selection,
): Parameters<typeof openDatabase>[1] {
  const password = readSecret(undefined, settings.databasePasswordFile, "--database-password-file");
  return {
    map,
    selection,
    ...(settings.query === undefined ? { table: settings.table ?? "calls" } : { query: settings.query }),
    ...(password === undefined ? {} : { password }),
  };
}

/** Refuses a password inside `--database` on the command line, where every user of the machine could read it. */
export function refusePasswordInArgv(flag: unknown): void {
  if (typeof flag !== "string" || !/^[a-z]+:\/\/[^/@]*:[^/@]+@/i.test(flag)) return;
  throw new RecordingError(
    "usage",
    "--database contains a password, which other users can see in the process list: give the URL as CALLREEL_DATABASE, or the password with --database-password-file.",
  );
}

/** What each system's ids mean; needs no login. */
const namedAt: Readonly<Record<SourceName, Source["named"]>> = {
  tim(text) {
    const ids = idsOfPath(text);
    return ids === undefined ? undefined : refOf(ids, {});
  },
  ringcentral: namedRecording,
};

/** A recording, and how many of the rows that tell of it could not be read. */
export interface NamedRecording {
  readonly ref: RecordingRef;
  readonly rejected: number;
}

/** The one recording that the command line or its rows name, without asking anybody. */
export async function namedRecordingOf(invocation: Invocation): Promise<NamedRecording> {
  const { args, settings, flags } = invocation;
  const [id] = args;
  // Rows that the environment or a profile names step back behind an id that was typed.
  const rows = id === undefined ? settings.rows : flags.rows;
  if ((id === undefined) === (rows === undefined)) {
    throw new RecordingError(
      "usage",
      "link needs a recording: an id, a contentUri, a path (/r/…) or one row with --rows -.",
    );
  }
  if (id !== undefined) return { ref: named(id, settings.source), rejected: 0 };
  const given = await openGivenRefs(invocation);
  const found = new Map<string, RecordingRef>();
  try {
    for await (const ref of given?.refs ?? []) found.set(ref.key, ref);
  } finally {
    await given?.close();
  }
  const [ref] = found.values();
  if (ref !== undefined && found.size === 1) return { ref, rejected: given?.rejected() ?? 0 };
  const seen = found.size === 0 ? "none" : `${found.size}`;
  throw new RecordingError("usage", `link takes exactly one recording, but the rows have ${seen}.`);
}

function named(id: string, source: SourceName | undefined): RecordingRef {
  for (const name of source === undefined ? (["tim", "ringcentral"] as const) : [source]) {
    const ref = namedAt[name](id);
    if (ref !== undefined) return ref;
  }
  throw new RecordingError(
    "usage",
    `"${id}" is not a RingCentral recording id, a contentUri or a permanent path such as /r/tim/3/4/NCS….`,
  );
}

/** What rows and ids speak of, told without a login. */
export interface RefReader {
  recordings(row: Row, given: SourceName | undefined): RowFinding;
  /** The recording of a RingCentral id. */
  ringcentral(id: string): RecordingRef | undefined;
}

export async function openRefReader(): Promise<RefReader> {
  const [{ findRecordings }, { recordingsOf, namedRecording }] = await Promise.all([
    sources.timRows(),
    sources.ringcentralRows(),
  ]);
  return {
    recordings: (row, given) => (sourceOfRow(row, given) === "tim" ? findRecordings(row) : recordingsOf(row)),
    ringcentral: namedRecording,
  };
}

/** What the rows of a command that asks no source came to. */
export interface GivenRefs {
  readonly refs: AsyncIterable<RecordingRef>;
  /** How many rows could not be read so far. */
  rejected(): number;
  close(): Promise<void>;
}

/**
 * The recordings that the given rows speak of, told without a login; undefined where no rows are given. A bad row is told
 * as a download tells it and costs itself alone; rows of which none can be read throw `bad-rows`.
 */
export async function openGivenRefs(invocation: Invocation): Promise<GivenRefs | undefined> {
  const { settings, io } = invocation;
  const reader = await wireReader(settings, {}, io);
  if (reader === undefined) return undefined;
  const { recordings } = await openRefReader();
  const rules = {
    sourceOf: () => ({ recordings: (row: Parameters<typeof recordings>[0]) => recordings(row, settings.source) }),
    selection: {},
    nowMs: io.clock.now,
    given: openGivenRows({}),
  };
  const { report, close } = await openRunReporter({
    ...invocation,
    settings: { ...settings, json: false, progress: "plain" },
  });
  let rejected = 0;
  async function* refsIn(works: AsyncIterable<Work>): AsyncIterable<RecordingRef> {
    for await (const work of works) {
      for (const event of work.events) {
        if (event.event === "row-rejected") rejected += 1;
        if (event.event === "row-rejected" || event.event === "notice") report(event);
      }
      yield* work.refs;
    }
  }
  return { refs: refsIn(workFromRows(reader.rows(io.stop), rules)), rejected: () => rejected, close };
}
