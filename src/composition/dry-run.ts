import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../cli/config.ts";
import { exitCodeOf, incompleteCodes, worst } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { isSettled } from "../core/download/evidence.ts";
import type { Work } from "../core/download/work.ts";
import { openKeySet } from "../core/key-set.ts";
import type { ErrorCode } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive, Ledger } from "../core/model/ledger.ts";
import type { Selection } from "../core/model/ports.ts";
import { isUncertain } from "../core/selection.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf, formatRate } from "../core/text.ts";
import { openArchive } from "../ledgers/index.ts";
import { openSqlite } from "../platform/sqlite.ts";
import { archiveFolder, ledgerDatabase, ledgerFile, openLedgerToRead, refuseLostLedger } from "./archive.ts";
import { wireWork } from "./open-work.ts";
import { ratePerMinute, type SourceSet } from "./sources.ts";

/**
 * `--dry-run`: how many recordings, how much audio and how long it would take, as sentences or as one event; fetches and
 * records nothing, and needs no lock.
 */
export async function survey(
  invocation: Invocation,
  sources: SourceSet,
  selection: Selection,
  report: (event: DownloadEvent) => void,
): Promise<number> {
  const { io, settings } = invocation;
  const glance = await openGlance(settings, io);
  try {
    const begun = io.clock.monotonic();
    const { work } = await wireWork(invocation, sources, selection, glance.notes);
    const found = await countOf(work, glance.notes, report);
    const listingMs = Math.round(io.clock.monotonic() - begun);
    const rate = ratePerMinute(sources);
    const ms = rate === undefined ? undefined : listingMs + Math.round((found.wanted / rate) * 60_000);
    io.stdout.write(
      settings.json ? eventOf(found, listingMs, ms, io.clock.now()) : sentencesOf(found, listingMs, ms, rate),
    );
    const ofRows = found.rejected > 0 ? exitCodeOf("bad-rows") : found.undated > 0 ? 3 : 0;
    return worst([ofRows, ...incompleteCodes(found.incomplete)]);
  } finally {
    await glance.close();
  }
}

interface Found {
  wanted: number;
  settled: number;
  seconds: number;
  otherRows: number;
  rejected: number;
  undated: number;
  pastRetention: number;
  readonly incomplete: Set<ErrorCode>;
}

async function countOf(
  work: AsyncIterable<Work>,
  ledger: Pick<Ledger, "entriesOf">,
  report: (event: DownloadEvent) => void,
): Promise<Found> {
  const none = { wanted: 0, settled: 0, seconds: 0, otherRows: 0, rejected: 0, undated: 0, pastRetention: 0 };
  const found: Found = { ...none, incomplete: new Set() };
  const seen = openKeySet();
  for await (const { refs, events } of work) {
    for (const event of events) countEvent(found, event, report);
    const fresh = refs.filter(({ key }) => seen.add(key));
    const entries = (await ledger.entriesOf?.(fresh.map(({ key }) => key))) ?? [];
    for (const [at, ref] of fresh.entries()) {
      if (isSettled(entries[at])) found.settled += 1;
      else {
        found.wanted += 1;
        found.seconds += ref.call.duration ?? 0;
      }
    }
  }
  return found;
}

function countEvent(found: Found, event: DownloadEvent, report: (event: DownloadEvent) => void): void {
  if (event.event === "row-rejected") found.rejected += 1;
  if (event.event === "incomplete") found.incomplete.add(event.code);
  if (["row-rejected", "notice", "incomplete"].includes(event.event)) report(event);
  if (event.event !== "recording-skipped") return;
  if (isUncertain(event.reason)) found.undated += 1;
  const past = event.reason === "past-retention" || event.reason === "past-usual-retention";
  found[past ? "pastRetention" : "otherRows"] += 1;
}

function eventOf(found: Found, listingMs: number, ms: number | undefined, nowMs: number): string {
  const { wanted: recordings, settled, otherRows: others, rejected, seconds: audioSeconds, pastRetention } = found;
  const otherRows = others + rejected;
  const counts = { recordings, settled, pastRetention, otherRows, audioSeconds };
  return `${JSON.stringify({ event: "dry-run", time: new Date(nowMs).toISOString(), ...counts, listingMs, ms })}\n`;
}

function sentencesOf(found: Found, listingMs: number, ms: number | undefined, rate: number | undefined): string {
  const { wanted, settled, otherRows, rejected, seconds, pastRetention } = found;
  const audio =
    seconds === 0 ? "" : `, ${formatDuration(seconds * 1000)} of audio (about ${formatBytes(seconds * 8000)} or less)`;
  const listing = ` (listing them takes ${formatDuration(listingMs)} of it)`;
  const time =
    rate === undefined || ms === undefined ? "" : ` ≈ ${formatDuration(ms)} at ${formatRate(rate)}${listing}`;
  const past = `${formatCount(pastRetention)} past the source's retention; --include-expired asks for them too\n`;
  return [
    `${formatNumberOf(wanted, "recording")} to download${time}${audio}\n`,
    `${formatCount(settled)} already downloaded; ${formatCount(otherRows + rejected)} without a recording or filtered out\n`,
    ...(pastRetention === 0 ? [] : [past]),
  ].join("");
}

/** What an archive knows, read without its lock and without a trace in it. */
export interface Glance {
  /** Nothing can be noted through them; empty where there is no archive yet. */
  readonly notes: Pick<Ledger, "get" | "pending" | "entriesOf" | "callsOf">;
  close(): Promise<void>;
}

/** Reads from a copy of the ledger as it stands now, which is removed afterwards: a ledger of any version will do. */
export async function openGlance(settings: Settings, io: Io): Promise<Glance> {
  if (ledgerDatabase(settings) !== undefined) return glanceAt(await openLedgerToRead(settings, io));
  const file = ledgerFile(settings, io);
  await refuseLostLedger(archiveFolder(settings, io), file);
  if (!existsSync(file)) return { notes: {}, close: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), "callreel-glance-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "ledger.db");
    copyLedger(file, copy);
    const ledger = await openArchive(copy, { clock: io.clock, pid: io.pid });
    return {
      notes: { get: ledger.get, pending: ledger.pending, entriesOf: ledger.entriesOf, callsOf: ledger.callsOf },
      async close() {
        await ledger[Symbol.asyncDispose]();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function glanceAt(ledger: Archive): Glance {
  const { get, pending, entriesOf, callsOf } = ledger;
  return { notes: { get, pending, entriesOf, callsOf }, close: async () => ledger[Symbol.asyncDispose]() };
}

const mostCopies = 5;

/**
 * Copies the ledger's file and its log of late writes, which together are one state as long as neither changes meanwhile;
 * one that is written all the time is read as SQLite reads it.
 */
function copyLedger(file: string, copy: string): void {
  for (let attempt = 0; attempt < mostCopies; attempt++) {
    const before = stateOf(file);
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    if (stateOf(file) === before) return;
  }
  for (const part of [copy, `${copy}-wal`]) rmSync(part, { force: true });
  const ledger = openSqlite(file, { readOnly: true });
  try {
    ledger.exec("PRAGMA busy_timeout = 15000");
    ledger.prepare("VACUUM INTO ?").run(copy);
  } finally {
    ledger.close();
  }
}

function stateOf(file: string): string {
  const parts = [file, `${file}-wal`].map((part) => statSync(part, { throwIfNoEntry: false }));
  return JSON.stringify(parts.map((part) => part && [part.size, part.mtimeMs]));
}
