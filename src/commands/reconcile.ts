import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, openArchiveStore, openExistingLedger } from "../composition/archive.ts";
import { recordOf } from "../composition/head-and-seals.ts";
import { type LeftOut, openLeftOut } from "../composition/left-out.ts";
import { type Narrowing, narrowingsInWords, narrowingsOf } from "../composition/narrowing.ts";
import { noteHead } from "../composition/noted-head.ts";
import { wireWork } from "../composition/open-work.ts";
import { selectionOf, toleranceOf } from "../composition/plan.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources } from "../composition/sources.ts";
import type { Work } from "../core/download/work.ts";
import { type KeySet, openKeySet } from "../core/key-set.ts";
import { timeText } from "../core/local-time.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import type { Selection } from "../core/model/ports.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import {
  isDifference,
  isWell,
  type Reconciled,
  type ReconcileRules,
  reconcileExpired,
  reconcileRef,
  unsound,
} from "../core/proof/reconcile.ts";
import { isWholeSelection } from "../core/selection.ts";
import { formatCount, formatNumberOf, printable } from "../core/text.ts";
import { isVoicemail, kindOf } from "../core/voicemail.ts";
import { lookAt, lookAtPaths } from "../maintenance/look-at-files.ts";
import { periodOf } from "../maintenance/report/facts.ts";
import { addListedLine, openReportLines } from "../maintenance/report/lines.ts";
import { checkedTargets, formatOf, type Target, writeReport } from "../maintenance/report/write.ts";

/** Source against archive: each recording that is missing, extra, damaged, too short, gone or not permitted. 6 when they differ. */
export async function reconcile(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  const selection = await selectionOf(settings, io.clock.now());
  const narrowed = narrowingsOf(invocation);
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, json: false } });
  const kinds: Record<string, number> = {};
  let differences = 0;
  const leftOut = openLeftOut();
  const hear = (event: DownloadEvent) => {
    leftOut.hear(event);
    if (["row-rejected", "notice", "incomplete"].includes(event.event)) reporter.report(event);
  };
  const tell = (found: Reconciled) => {
    kinds[found.kind] = (kinds[found.kind] ?? 0) + 1;
    if (isDifference(found)) differences += 1;
    io.stdout.write(settings.json ? jsonOf(found, io.clock.now()) : lineOf(found, settings.timezone));
  };
  const targets = checkedTargets(targetsOf(settings.report), invocation);
  const period = periodOf(settings, io.clock.now(), false);
  let reported = 0;
  try {
    using lines = targets.length > 0 ? openReportLines() : undefined;
    await using sources = await openSources(invocation, { io, ...reporter });
    await using ledger = await openExistingLedger(settings, io);
    const { work, listed: whole } = await wireWork(
      invocation,
      sources,
      selection,
      { callsOf: ledger.callsOf },
      { threaded: true },
    );
    await using store = await openArchiveStore(settings, io, ledger);
    const archive = {
      ledger,
      store,
      skipped: openKeySet(),
      rules: { tolerance: toleranceOf(settings), timezone: settings.timezone },
    };
    const listed = openKeySet();
    const telling: Telling = {
      tell,
      isReported: lines !== undefined,
      line: async (...line) => lines && (await addListedLine(lines, ledger, ...line, settings.timezone)),
    };
    for await (const piece of work) {
      for (const event of piece.events) hear(event);
      await reconcilePiece(piece, archive, listed, telling);
    }
    // Other filters leave recordings out that the archive may well hold.
    if (isWholeSelection(selection)) await findExtra(invocation, selection, archive, listed, telling);
    const { rejected, uncertain: undated } = leftOut;
    const told = { ...(narrowed.length > 0 && { narrowed }), ...(undated > 0 && { undated }) };
    const result = { recordings: listed.size, rejected, ...told, differences, ...kinds };
    await ledger.audit({
      action: "reconcile",
      detail: recordOf(invocation, result, leftOut.exitCode() === 0 ? whole?.() : []),
    });
    const head = await noteHead(archiveFolder(settings, io), ledger);
    if (settings.json) io.stdout.write(finishedOf({ ...result, head }, io.clock.now()));
    else if (!settings.quiet || differences > 0) io.stderr.write(summaryOf(listed.size, kinds, narrowed));
    if (lines)
      reported = await writeReport(
        invocation,
        { ledger, period, lines, live: true, partial: partOf(narrowed, leftOut) },
        targets,
      );
  } finally {
    await reporter.close();
  }
  leftOut.tell(io);
  return worst([differences > 0 ? exitCodeOf("differences") : 0, leftOut.exitCode(), reported]);
}

/** Who hears of findings: each is told, and of each recording there is one line for the report. */
interface Telling {
  readonly tell: (found: Reconciled) => void;
  readonly line: (found: Reconciled | undefined, entry: LedgerEntry | undefined) => Promise<unknown>;
  /** Whether a report takes the lines. */
  readonly isReported: boolean;
}

/** Why a list is not one of all calls; undefined where it is. */
function partOf(narrowed: readonly Narrowing[], { rejected, uncertain, incomplete }: LeftOut): string | undefined {
  if (incomplete) return "some mailboxes of voicemail could not be listed";
  if (narrowed.length > 0) return `calls were left out by ${narrowingsInWords(narrowed)}`;
  if (rejected > 0) return `${formatNumberOf(rejected, "row")} could not be read`;
  return uncertain > 0 ? `${formatNumberOf(uncertain, "row does", "rows do")} not say when the call was` : undefined;
}

function targetsOf(file: string | undefined): readonly Target[] {
  return file === undefined ? [] : [{ format: formatOf(file, "--report"), file, flag: "--report" }];
}

interface Held {
  readonly ledger: Archive;
  readonly store: Store;
  /** What the source lists, but was not asked for. */
  readonly skipped: KeySet;
  readonly rules: ReconcileRules;
}

async function reconcilePiece(
  piece: Work,
  { ledger, store, skipped, rules }: Held,
  listed: KeySet,
  { tell, line, isReported }: Telling,
): Promise<void> {
  for (const event of piece.events) {
    if (event.event !== "recording-skipped") continue;
    if (event.key !== undefined) skipped.add(event.key);
    if (event.reason !== "short-recording" || event.call === undefined) continue;
    const found: Reconciled = {
      kind: "short-recording",
      message: "the source does not keep recordings this short",
      call: event.call,
    };
    tell(found);
    await line(found, undefined);
  }
  const expired = expiredIn(piece);
  const unseen = [...piece.refs, ...expired.keys()].filter(({ key }) => listed.add(key));
  const fresh = isReported ? unseen : await notWell(unseen, { ledger, store, rules });
  const entries = await ledger.entriesOf(fresh.map(({ key }) => key));
  const look = await lookAt(store, entries);
  for (const [at, ref] of fresh.entries()) {
    const assumed = expired.get(ref);
    const found =
      assumed === undefined
        ? reconcileRef(ref, entries[at], look, rules)
        : reconcileExpired(ref, entries[at], look, { ...rules, assumed });
    if (found !== undefined) tell(found);
    await line(found, entries[at]);
  }
}

/** Those of which something may have to be told: almost all are well, which takes much less to see. */
async function notWell(
  refs: readonly RecordingRef[],
  { ledger, store, rules }: Pick<Held, "ledger" | "store" | "rules">,
): Promise<readonly RecordingRef[]> {
  const held = await ledger.heldOf(refs.map(({ key }) => key));
  const look = await lookAtPaths(
    store,
    held.flatMap((each) => each?.path ?? []),
  );
  return refs.filter((ref, at) => {
    const file = held[at];
    return file === undefined || !isWell(ref, file, look, rules);
  });
}

/** The recordings that are too old to ask for, and whether how long their source keeps them is only assumed. */
function expiredIn({ events }: Work): ReadonlyMap<RecordingRef, boolean> {
  const found = new Map<RecordingRef, boolean>();
  for (const event of events) {
    if (event.event !== "recording-skipped" || event.ref === undefined) continue;
    if (event.reason === "past-retention") found.set(event.ref, false);
    if (event.reason === "past-usual-retention") found.set(event.ref, true);
  }
  return found;
}

/**
 * Of the kinds that were listed, what the archive holds and the source does not list. Voicemail is no difference by that:
 * whoever has heard one deletes it.
 */
async function findExtra(
  { settings: { source, kinds = ["calls"] } }: Invocation,
  selection: Selection,
  { ledger, store, skipped }: Held,
  listed: Pick<KeySet, "has">,
  { tell, line }: Telling,
): Promise<void> {
  for await (const keys of ledger.keys({ ...(source && { source }), ...timeOf(selection), states: ["done"] })) {
    const unlisted = keys.filter((key) => !listed.has(key) && !skipped.has(key) && kinds.includes(kindOf(key)));
    const entries = unlisted.length === 0 ? [] : await ledger.entriesOf(unlisted);
    const look = await lookAt(store, entries);
    for (const entry of entries) {
      if (entry === undefined) continue;
      const [extra, fault] = [extraOf(entry.ref), unsound(entry.ref, entry, look)];
      for (const found of [extra, fault]) if (found !== undefined) tell(found);
      await line(both(extra, fault), entry);
    }
  }
}

function extraOf(ref: RecordingRef): Reconciled | undefined {
  if (isVoicemail(ref.key)) return undefined;
  return { kind: "extra", message: "the source does not list it, or no longer does", ref };
}

/** Two findings of one recording as one. */
function both(one: Reconciled | undefined, other: Reconciled | undefined): Reconciled | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { ...one, message: `${one.message}; ${other.message}` };
}

function timeOf(window: Selection): Pick<EntryFilter, "window"> {
  return window.fromMs === undefined && window.toMs === undefined ? {} : { window };
}

function jsonOf({ kind, message, ref, call, evidence }: Reconciled, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  const known = ref ?? (call === undefined ? {} : { call });
  return `${JSON.stringify({ event: "finding", time, kind, ...known, message, ...(evidence && { evidence }) })}\n`;
}

function finishedOf(result: object, nowMs: number): string {
  return `${JSON.stringify({ event: "reconcile-finished", time: new Date(nowMs).toISOString(), ...result })}\n`;
}

function lineOf({ kind, message, ref, call }: Reconciled, timezone: string | undefined): string {
  const start = timeText((ref?.call ?? call)?.start, timezone);
  return `${kind}: ${ref?.key ?? "call"} of ${printable(start)}: ${message}\n`;
}

function summaryOf(listed: number, kinds: Readonly<Record<string, number>>, narrowed: readonly Narrowing[]): string {
  const parts = Object.entries(kinds).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  const all = "all are in the archive (each file is there with its size; verify reads them too)";
  const what = listed === 0 && parts.length === 0 ? "nothing to compare" : parts.length === 0 ? all : parts.join(", ");
  const part = narrowed.length === 0 ? "" : " that the filters let through";
  const others =
    narrowed.length === 0
      ? ""
      : `Only a part was compared: calls were left out by ${narrowingsInWords(narrowed)}; they may be missing.\n`;
  return `${formatNumberOf(listed, "recording")} at the source${part}: ${what}.\n${others}`;
}
