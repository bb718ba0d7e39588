import { lstatSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, openExistingLedger } from "../composition/archive.ts";
import { noteHead, recordOf } from "../composition/head-and-seals.ts";
import { openLeftOut } from "../composition/left-out.ts";
import { wireWork } from "../composition/open-work.ts";
import { entryFilterOf, selectionOf, toleranceOf } from "../composition/plan.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources } from "../composition/sources.ts";
import type { Work } from "../core/download/work.ts";
import { timeText } from "../core/local-time.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import {
  isDifference,
  type Look,
  type Reconciled,
  type ReconcileRules,
  reconcileRef,
  unsound,
} from "../core/proof/reconcile.ts";
import { isWholeSelection } from "../core/selection.ts";
import { formatCount, printable } from "../core/text.ts";

/** Source against archive: each recording that is missing, extra, damaged, too short, gone or not permitted. 6 when they differ. */
export async function reconcile(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  const selection = selectionOf(settings, io.clock.now());
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, json: false } });
  const kinds: Record<string, number> = {};
  let differences = 0;
  const leftOut = openLeftOut();
  const hear = (event: DownloadEvent) => {
    leftOut.hear(event);
    if (event.event === "row-rejected" || event.event === "notice") reporter.report(event);
  };
  const tell = (found: Reconciled) => {
    kinds[found.kind] = (kinds[found.kind] ?? 0) + 1;
    if (isDifference(found)) differences += 1;
    io.stdout.write(settings.json ? jsonOf(found) : lineOf(found, settings.timezone));
  };
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    await using ledger = await openExistingLedger(settings, io);
    const { work, listed: whole } = await wireWork(invocation, sources, selection, { heldOf: ledger.entriesOf });
    const look = openLook(archiveFolder(settings, io));
    const archive = { ledger, look, rules: { tolerance: toleranceOf(settings), timezone: settings.timezone } };
    const listed = new Set<string>();
    for await (const piece of work) {
      for (const event of piece.events) hear(event);
      await reconcilePiece(piece, archive, listed, tell);
    }
    // Other filters leave recordings out that the archive may well hold.
    if (isWholeSelection(selection)) await findExtra(invocation, archive, listed, tell);
    const { rejected, uncertain: undated } = leftOut;
    const result = { recordings: listed.size, rejected, ...(undated > 0 && { undated }), differences, ...kinds };
    await ledger.audit({
      action: "reconcile",
      detail: recordOf(invocation, result, leftOut.exitCode() === 0 ? whole?.() : []),
    });
    const head = await noteHead(archiveFolder(settings, io), ledger);
    if (settings.json) io.stdout.write(finishedOf({ ...result, head }, io.clock.now()));
    else io.stderr.write(summaryOf(listed.size, kinds));
  } finally {
    await reporter.close();
  }
  leftOut.tell(io);
  return worst([differences > 0 ? exitCodeOf("differences") : 0, leftOut.exitCode()]);
}

interface Held {
  readonly ledger: Archive;
  readonly look: Look;
  readonly rules: ReconcileRules;
}

/** Looks at files without reading them; neither through links nor at anything but plain files. */
function openLook(root: string): Look {
  return (path) => {
    const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
    return stat?.isFile() ? { bytes: stat.size } : undefined;
  };
}

async function reconcilePiece(
  piece: Work,
  { ledger, look, rules }: Held,
  listed: Set<string>,
  tell: (found: Reconciled) => void,
): Promise<void> {
  for (const event of piece.events) {
    if (event.event !== "recording-skipped" || event.reason !== "short-recording" || event.call === undefined) continue;
    tell({ kind: "short-recording", message: "the source keeps no recording that short", call: event.call });
  }
  const fresh = piece.refs.filter(({ key }) => !listed.has(key) && listed.add(key));
  const entries = await ledger.entriesOf(fresh.map(({ key }) => key));
  for (const [at, ref] of fresh.entries()) {
    const found = reconcileRef(ref, entries[at], look, rules);
    if (found !== undefined) tell(found);
  }
}

async function findExtra(
  { settings, io }: Invocation,
  { ledger, look }: Held,
  listed: ReadonlySet<string>,
  tell: (found: Reconciled) => void,
): Promise<void> {
  for await (const keys of ledger.keys({ ...entryFilterOf(settings, io), states: ["done"] })) {
    const extra = keys.filter((key) => !listed.has(key));
    for (const entry of extra.length === 0 ? [] : await ledger.entriesOf(extra)) {
      if (entry === undefined) continue;
      tell({ kind: "extra", message: "the source does not list it (any more)", ref: entry.ref });
      const fault = unsound(entry.ref, entry, look);
      if (fault !== undefined) tell(fault);
    }
  }
}

function jsonOf({ kind, message, ref, call, evidence }: Reconciled): string {
  const known = ref ?? (call === undefined ? {} : { call });
  return `${JSON.stringify({ event: "finding", kind, ...known, message, ...(evidence && { evidence }) })}\n`;
}

function finishedOf(result: object, nowMs: number): string {
  return `${JSON.stringify({ event: "reconcile-finished", time: new Date(nowMs).toISOString(), ...result })}\n`;
}

function lineOf({ kind, message, ref, call }: Reconciled, timezone: string | undefined): string {
  const start = timeText((ref?.call ?? call)?.start, timezone);
  return `${kind}: ${ref?.key ?? "call"} of ${printable(start)}: ${message}\n`;
}

function summaryOf(listed: number, kinds: Readonly<Record<string, number>>): string {
  const parts = Object.entries(kinds).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  const all = "all are in the archive (files there, with their sizes; verify reads them)";
  const what =
    listed === 0 && parts.length === 0 ? "there was nothing to compare" : parts.length === 0 ? all : parts.join(", ");
  return `${formatCount(listed)} recordings at the source: ${what}.\n`;
}
