import type { Settings } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { retentionNote, usualRetentionDays } from "../core/download/evidence.ts";
import { type RowRules, type Work, workFromRows } from "../core/download/work.ts";
import type { Listed } from "../core/model/catalogue.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Ledger } from "../core/model/ledger.ts";
import type { HeardListing, Selection, Source } from "../core/model/ports.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { isWholeSelection } from "../core/selection.ts";
import { formatDuration } from "../core/text.ts";
import { type Now, nowBy } from "../core/two-clocks.ts";
import type { WiredWork } from "./open-work.ts";
import { selectionOf } from "./plan.ts";
import { type VoicemailWork, wireVoicemail } from "./voicemail-work.ts";

export type Notes = Pick<Ledger, "pull" | "get" | "set" | "pending" | "entriesOf" | "callsOf">;

const dayMs = 24 * 60 * 60 * 1000;
/** Clocks this far apart are worth a word. */
const tellingSkewMs = 60_000;

/** Work from a system's own call log, and from its mailboxes. Where the system's clock and this machine's disagree, what either selects is listed. */
export async function wireListing(
  { settings, io }: Pick<Invocation, "settings" | "io">,
  source: Source,
  given: Selection,
  notes: Notes,
  sourceOf: RowRules["sourceOf"],
): Promise<WiredWork> {
  const list = refuseUnlisted(settings, source, given);
  const serverMs = await source.now?.(io.stop);
  const now = nowBy(io.clock.now(), serverMs);
  const { earliestMs: nowMs } = now;
  const selection = serverMs === undefined ? given : await widest(settings, now);
  if (selection.fromMs !== undefined && selection.fromMs >= now.latestMs) {
    throw new RecordingError("usage", "--from or --month is in the future: nothing would be selected.");
  }
  const since = settings.since === "last";
  const { kinds = ["calls"] } = settings;
  const voicemail = kinds.includes("voicemail")
    ? await openVoicemail({ settings, io }, source, { selection, now, notes })
    : undefined;
  const marks = openMarks(notes, source, selection);
  const window = { ...selection, ...(since ? await marks.startOf(settings.lookback ?? dayMs, nowMs) : {}) };
  const expired = await expiredOf(source, window.fromMs, notes, nowMs, io.stop);
  let heard: HeardListing | undefined;
  const rows = list.call(source, { ...window, ...(expired && { expired }) }, io.stop, (listing) => {
    heard = listing;
  });
  const rules = { sourceOf, nowMs: () => nowMs, selection: unlisted(selection, settings, expired) };
  const accounts = new Set<string>();
  const listedWork = notingAccounts(workFromRows(rows, rules), accounts);
  const parts: AsyncIterable<Work>[] = [told(clockNotices(now, serverMs))];
  // It is kept for a shorter time than calls' recordings, and has a budget of its own.
  if (voicemail !== undefined) parts.push(voicemail.work);
  if (kinds.includes("calls")) parts.push(listedWork);
  if (since && kinds.includes("calls")) parts.push(toldLater(() => (heard?.byServer === false ? [unmarked] : [])));
  if (since && notes.pending !== undefined) parts.unshift(pendingWork(notes.pending(source.name)));
  return {
    work: chain(...parts),
    named: [],
    listed: () => {
      if (heard === undefined) return [];
      const list = listedOf(source, heard, selection, settings.includeExpired ? undefined : expired);
      return [{ ...list, ...(accounts.size > 0 && { accounts: [...accounts].sort() }) }];
    },
    complete: async () => {
      if (since && heard !== undefined) await marks.keep(heard, nowMs);
      if (since) await voicemail?.keep();
      await noteRetention(source, notes, nowMs, io.stop);
    },
  };
}

/** The selection of which every time relative to now is by the clock that leaves out less. */
async function widest(settings: Settings, { earliestMs, latestMs }: Now): Promise<Selection> {
  const [early, late] = [await selectionOf(settings, earliestMs), await selectionOf(settings, latestMs)];
  return { ...early, ...(late.toMs === undefined ? {} : { toMs: late.toMs, toLocal: late.toLocal }) };
}

function openVoicemail(
  invocation: Pick<Invocation, "settings" | "io">,
  source: Source,
  { notes, ...asked }: { readonly selection: Selection; readonly now: Now; readonly notes: Notes },
): Promise<VoicemailWork> {
  const { voicemail, login } = source;
  if (voicemail === undefined) throw new RecordingError("usage", "--kinds: TIM has no voicemail to list.");
  return wireVoicemail(invocation, { ...asked, voicemail, login, source: () => source }, notes);
}

async function* notingAccounts(work: AsyncIterable<Work>, accounts: Set<string>): AsyncIterable<Work> {
  for await (const piece of work) {
    for (const { call } of piece.refs) if (call.account !== undefined) accounts.add(call.account);
    yield piece;
  }
}

/** What a listing has seen: calls that were not asked for any more, because the source keeps none so old, are no part of it. */
function listedOf(
  { name, login }: Source,
  { fromMs, untilMs, level }: HeardListing,
  selection: Selection,
  expired: Selection["expired"],
): Listed {
  const window = listedWindow(selection, Math.max(fromMs, expired?.beforeMs ?? fromMs), untilMs);
  return {
    source: name,
    by: "call-log",
    ...window,
    ...(login && { login }),
    ...(level === "extension" && { own: true }),
  };
}

/** The window of a list, and whether filters left calls out of it. */
export function listedWindow(
  selection: Selection,
  fromMs: number | undefined,
  untilMs: number,
): Pick<Listed, "from" | "to" | "filtered"> {
  return {
    ...(fromMs !== undefined && { from: new Date(fromMs).toISOString() }),
    to: new Date(untilMs).toISOString(),
    ...(!isWholeSelection(selection) && { filtered: true }),
  };
}

function refuseUnlisted(settings: Settings, source: Source, { fromMs }: Selection): NonNullable<Source["list"]> {
  if (source.list === undefined) {
    throw new RecordingError(
      "usage",
      "TIM cannot list its calls: give rows with --rows FILE, or read its calls table with --database URL.",
    );
  }
  if (settings.since !== "last" && fromMs === undefined) {
    throw new RecordingError(
      "usage",
      "Say which calls: --from 7d (or a date), --month 2026-03, --since last, --rows FILE, or ids.",
    );
  }
  return source.list;
}

/** What is left to select among rows that the system has selected: it filters by fields that a row may leave out. */
function unlisted(
  { minDurationSeconds, recordingType }: Selection,
  settings: Settings,
  expired: Selection["expired"],
): Selection {
  return {
    ...(minDurationSeconds === undefined ? {} : { minDurationSeconds }),
    ...(recordingType === undefined ? {} : { recordingType }),
    ...(expired === undefined || settings.includeExpired ? {} : { expired }),
  };
}

interface Marks {
  /** Where the next listing begins: a look-back before what was listed last; nowhere after a first run. */
  startOf(lookbackMs: number, nowMs: number): Promise<Pick<Selection, "fromMs" | "ownFromMs">>;
  /** Remembers how far a listing came, where the system's own clock was heard too. */
  keep(heard: HeardListing, nowMs: number): Promise<void>;
}

/**
 * How far listings came, for each login and each set of filters, and apart for those that saw the login's own calls only:
 * what others were not listed in such a time is still to be listed.
 */
function openMarks(notes: Notes, source: Source, selection: Selection): Marks {
  const names = { account: "listed-through", extension: "listed-own-through" };
  const key = `:${source.name}:${source.login ?? ""}:${JSON.stringify(filtersOf(selection))}`;
  const read = async (level: keyof typeof names, nowMs: number) => {
    const mark = Number(await notes.get?.(names[level] + key));
    // A mark that lies ahead was set by a clock that was wrong: nothing is known of what lies before it.
    return Number.isFinite(mark) && mark > 0 && mark <= nowMs ? mark : undefined;
  };
  return {
    async startOf(lookbackMs, nowMs) {
      const [account, own] = [await read("account", nowMs), await read("extension", nowMs)];
      return {
        ...(account === undefined ? {} : { fromMs: account - lookbackMs }),
        ...(own === undefined ? {} : { ownFromMs: own - lookbackMs }),
      };
    },
    async keep({ untilMs, byServer, level }, nowMs) {
      if (!byServer) return;
      const before = (await read(level, nowMs)) ?? 0;
      await notes.set?.(names[level] + key, String(Math.max(before, untilMs)));
    },
  };
}

/** The filters without the window: each set of filters has its own mark of how far it came. */
function filtersOf({ direction, extension, number, minDurationSeconds, recordingType }: Selection): unknown {
  return { direction, extension, number, minDurationSeconds, recordingType };
}

function clockNotices({ earliestMs, latestMs }: Now, serverMs: number | undefined): DownloadEvent[] {
  const skew = latestMs - earliestMs;
  if (skew < tellingSkewMs) return [];
  const message = `This machine's clock is ${formatDuration(skew)} ${serverMs === earliestMs ? "ahead of" : "behind"} RingCentral's: calls are listed by both, so that none is left out. Set the clock that is wrong.`;
  return [{ event: "notice", level: "warning", message }];
}

const unmarked: DownloadEvent = {
  event: "notice",
  level: "warning",
  message:
    "RingCentral's answers have no Date header (does a proxy remove it?), so the end of this run is not recorded for --since last: nothing is skipped, and the next run lists the same calls again.",
};

/** What is known only once everything before it was seen. */
async function* toldLater(events: () => readonly DownloadEvent[]): AsyncIterable<Work> {
  yield* told(events());
}

async function* told(events: readonly DownloadEvent[]): AsyncIterable<Work> {
  if (events.length > 0) yield { refs: [], events };
}

/** What the ledger still wants, as work. */
export async function* pendingWork(pages: AsyncIterable<readonly RecordingRef[]>): AsyncIterable<Work> {
  for await (const refs of pages) yield { refs, events: [] };
}

/** One after the other. */
export async function* chain<T>(...parts: AsyncIterable<T>[]): AsyncIterable<T> {
  for (const part of parts) yield* part;
}

type RetentionNotes = Pick<Ledger, "get" | "set">;

/** The shortest that any RingCentral account is known to be set to. */
const shortestDays = 30;

/**
 * From which instant back calls are past what the source keeps; undefined where the window holds none of them. A day more
 * than the source says is left to it, since it deletes in rounds of its own.
 */
export async function expiredOf(
  source: Source,
  fromMs: number | undefined,
  notes: RetentionNotes,
  nowMs: number,
  signal: AbortSignal,
): Promise<Selection["expired"]> {
  if (fromMs === undefined || fromMs >= nowMs - shortestDays * dayMs) return undefined;
  const days = await keptDays(source, notes, nowMs, signal);
  const beforeMs = nowMs - ((days ?? usualRetentionDays.ringcentral) + 1) * dayMs;
  return fromMs < beforeMs ? { beforeMs, assumed: days === undefined } : undefined;
}

/** Asks once a day how long the system keeps recordings: `status` then tells what will expire. */
export async function noteRetention(
  source: Source,
  notes: RetentionNotes,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  await keptDays(source, notes, nowMs, signal).catch(() => undefined);
}

async function keptDays(
  source: Source,
  notes: RetentionNotes,
  nowMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const [asked, kept] = [`retention-asked:${source.name}`, retentionNote(source.name)];
  const age = nowMs - Number((await notes.get?.(asked)) ?? 0);
  if (source.retentionDays !== undefined && !(age >= 0 && age < dayMs)) {
    const days = await source.retentionDays(signal).catch(() => signal.throwIfAborted());
    if (days !== undefined) await notes.set?.(kept, String(days));
    await notes.set?.(asked, String(nowMs));
    if (days !== undefined) return days;
  }
  const known = Number(await notes.get?.(kept));
  return Number.isFinite(known) && known > 0 ? known : undefined;
}
