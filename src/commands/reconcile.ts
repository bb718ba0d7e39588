import type { Invocation } from "../command.ts";
import { formatCount } from "../core/format.ts";
import type { Archive, Selection } from "../core/ports.ts";
import { isDifference, type Reconciled, reconcileRef } from "../core/reconcile.ts";
import type { Tolerance } from "../core/short.ts";
import type { Work } from "../core/work.ts";
import { exitCodeOf, worst } from "../exit-codes.ts";
import { selectionOf } from "../selection.ts";
import { openExistingLedger } from "../wire/archive.ts";
import { entryFilterOf } from "../wire/filter.ts";
import { toleranceOf } from "../wire/plan.ts";
import { openRunReporter } from "../wire/reporter.ts";
import { openSources } from "../wire/source-set.ts";
import { wireWork } from "../wire/work.ts";

/** Source against archive: each recording that is missing, extra, too short, gone or not permitted. 6 when they differ. */
export async function reconcile(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  const selection = selectionOf(settings, io.clock.now());
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, json: false } });
  const counts: Record<string, number> = {};
  let rejected = 0;
  let differences = 0;
  const tell = (found: Reconciled) => {
    counts[found.finding] = (counts[found.finding] ?? 0) + 1;
    if (isDifference(found)) differences += 1;
    io.stdout.write(settings.json ? `${JSON.stringify({ ...found.ref, ...found, ref: undefined })}\n` : lineOf(found));
  };
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    await using ledger = await openExistingLedger(settings, io);
    const { work } = await wireWork(invocation, sources, selection, {});
    const listed = new Set<string>();
    for await (const piece of work)
      rejected += await reconcilePiece(piece, { ledger, tolerance: toleranceOf(settings) }, listed, tell);
    if (isWholeSelection(selection)) await findExtra(invocation, ledger, listed, tell);
    if (!settings.json) io.stderr.write(summaryOf(listed.size, counts));
  } finally {
    await reporter.close();
  }
  return worst([0, differences > 0 ? exitCodeOf("differences") : 0, rejected > 0 ? exitCodeOf("bad-rows") : 0]);
}

async function reconcilePiece(
  piece: Work,
  { ledger, tolerance }: { readonly ledger: Archive; readonly tolerance: Tolerance },
  listed: Set<string>,
  tell: (found: Reconciled) => void,
): Promise<number> {
  let rejected = 0;
  for (const event of piece.events) {
    if (event.event === "row-rejected") rejected += 1;
    if (event.event !== "recording-skipped" || event.reason !== "short-recording" || event.call === undefined) continue;
    tell({ finding: "short-recording", message: "the source keeps no recording that short", call: event.call });
  }
  const fresh = piece.refs.filter(({ key }) => !listed.has(key) && listed.add(key));
  const entries = await ledger.entriesOf(fresh.map(({ key }) => key));
  for (const [at, ref] of fresh.entries()) {
    const found = reconcileRef(ref, entries[at], tolerance);
    if (found !== undefined) tell(found);
  }
  return rejected;
}

/** Only a selection by time can say what is extra: other filters leave recordings out that the archive may well hold. */
function isWholeSelection({ direction, extension, number, minDurationSeconds, recordingType }: Selection): boolean {
  return [direction, extension, number, minDurationSeconds, recordingType].every((filter) => filter === undefined);
}

async function findExtra(
  { settings, io }: Invocation,
  ledger: Archive,
  listed: ReadonlySet<string>,
  tell: (found: Reconciled) => void,
): Promise<void> {
  for await (const keys of ledger.keys({ ...entryFilterOf(settings, io), states: ["done"] })) {
    const extra = keys.filter((key) => !listed.has(key));
    for (const entry of extra.length === 0 ? [] : await ledger.entriesOf(extra)) {
      if (entry !== undefined)
        tell({ finding: "extra", message: "the source does not list it (any more)", ref: entry.ref });
    }
  }
}

function lineOf({ finding, message, ref, call }: Reconciled): string {
  const start = (ref?.call ?? call)?.start ?? "unknown time";
  return `${finding}: ${ref?.key ?? "call"} of ${start}: ${message}\n`;
}

function summaryOf(listed: number, counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([finding, count]) => `${formatCount(count)} ${finding}`);
  return `${formatCount(listed)} recordings at the source: ${parts.length === 0 ? "all are in the archive" : parts.join(", ")}.\n`;
}
