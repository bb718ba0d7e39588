import type { Invocation } from "../cli/io.ts";
import { type Work, workFromRows } from "../core/download/work.ts";
import { asRecordingError, type ErrorCode, type RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Mailbox, Selection, VoicemailSource } from "../core/model/ports.ts";
import type { RowBatch } from "../core/model/recording.ts";
import { formatNumberOf } from "../core/text.ts";
import type { Now } from "../core/two-clocks.ts";
import type { Notes } from "./listed-work.ts";
import { openMailboxMarks } from "./mailbox-marks.ts";

/** The work that an account's mailboxes come to, and what to remember once all of it was done. */
export interface VoicemailWork {
  readonly work: AsyncIterable<Work>;
  /** Keeps how far each mailbox that was listed whole is known. */
  readonly keep: () => Promise<void>;
}

/** What voicemail is asked for, and by whom. */
export interface VoicemailAsked {
  readonly voicemail: VoicemailSource;
  /** Tells logins apart: what is remembered of mailboxes is each one's own. */
  readonly login: string | undefined;
  readonly source: Parameters<typeof workFromRows>[1]["sourceOf"];
  readonly selection: Selection;
  readonly now: Now;
}

const dayMs = 24 * 60 * 60 * 1000;
/** No account keeps voicemail for longer. */
const keptMs = 90 * dayMs;
/** So many mailboxes in a row that cannot be listed are no accident of theirs. */
const mostFailures = 3;
/** These end the run whoever's mailbox it was. */
const ofEverybody: ReadonlySet<ErrorCode> = new Set(["login-refused", "permission-refused", "interrupted", "bug"]);

/**
 * Work from each mailbox of the account in turn. Which mailboxes there are is asked at once: throws where that is refused.
 * A mailbox that cannot be listed is told (`incomplete`), and the others go on.
 */
export async function wireVoicemail(
  { settings, io }: Pick<Invocation, "settings" | "io">,
  asked: VoicemailAsked,
  notes: Notes,
): Promise<VoicemailWork> {
  const { voicemail, login, selection, now } = asked;
  const { earliestMs: nowMs } = now;
  const all = await voicemail.mailboxes(io.stop);
  const mailboxes = selection.direction === "outbound" ? [] : chosen(all, selection.extension);
  const leastAgeMs = Math.max(1000, selection.minAgeMs ?? 0);
  const toMs = Math.min(selection.toMs ?? Infinity, now.latestMs - leastAgeMs);
  const knownToMs = Math.min(toMs, nowMs - leastAgeMs);
  const marks = openMailboxMarks(notes, login, selection);
  const since = settings.since === "last";
  const rules = { sourceOf: asked.source, nowMs: () => nowMs, selection: left(selection) };

  function workOf(batch: RowBatch | AsyncIterable<RowBatch>): AsyncIterable<Work> {
    const batches = "rows" in batch ? one(batch) : batch;
    return workFromRows(withNumber(batches, selection.number), rules);
  }

  async function* windowOf(mailbox: Mailbox): AsyncIterable<Work> {
    const window = { fromMs: selection.fromMs ?? knownToMs - keptMs, toMs };
    yield* workOf(voicemail.list(mailbox, window, io.stop));
  }

  /** By what changed since the last run, which a listing is held against once a day. */
  async function* sinceLast(mailbox: Mailbox): AsyncIterable<Work> {
    const mark = await marks.of(mailbox, nowMs);
    const changes = await voicemail.changes(mailbox, mark?.token, io.stop);
    const seen = marks.begin(mailbox, changes.token, mark);
    for await (const piece of workOf(changes.batch)) yield seen.hear(piece);
    const isDue =
      mark === undefined || nowMs - mark.listedMs >= dayMs || mark.awaits || selection.minAgeMs !== undefined;
    if (changes.isComplete && !isDue) return seen.done();
    const fromMs = mark === undefined ? knownToMs - keptMs : mark.untilMs - (settings.lookback ?? dayMs);
    let unsaid = 0;
    for await (const piece of workOf(voicemail.list(mailbox, { fromMs, toMs }, io.stop))) {
      unsaid += mark === undefined ? 0 : await seen.unsaid(piece);
      yield seen.hear(piece);
    }
    if (unsaid > 0 && changes.isComplete) yield told(unsaidNotice(mailbox, unsaid));
    seen.listed(knownToMs, nowMs);
    seen.done();
  }

  /** One mailbox; returns why it could not be listed, where the next ones may fare the same. */
  async function* listed(mailbox: Mailbox): AsyncGenerator<Work, ErrorCode | undefined> {
    try {
      yield* since ? sinceLast(mailbox) : windowOf(mailbox);
      return undefined;
    } catch (thrown) {
      io.stop.throwIfAborted();
      const error = asRecordingError(thrown);
      if (ofEverybody.has(error.code)) throw thrown;
      const event = outcomeOf(mailbox, error);
      if (event !== undefined) yield told(event);
      return event?.event === "incomplete" && error.code !== "forbidden" ? error.code : undefined;
    }
  }

  /** One mailbox after the other; returns whether none was left out for the failures of those before it. */
  async function* inTurn(): AsyncGenerator<Work, boolean> {
    let failures = 0;
    for (const [at, mailbox] of mailboxes.entries()) {
      const code = yield* listed(mailbox);
      failures = code === undefined ? 0 : failures + 1;
      const rest = mailboxes.length - at - 1;
      if (code === undefined || failures < mostFailures || rest === 0) continue;
      const what = `Voicemail of ${formatNumberOf(rest, "more mailbox", "more mailboxes")}`;
      const message = "not listed, since the ones before them could not be.";
      yield told({ event: "incomplete", what, code, message });
      return false;
    }
    return true;
  }

  async function* work(): AsyncIterable<Work> {
    if (selection.extension !== undefined && mailboxes.length === 0 && selection.direction !== "outbound") {
      yield told(notice("warning", `The account has no extension ${selection.extension}: no voicemail is listed.`));
    }
    if (!(yield* inTurn())) return;
    const awaited = marks.awaited();
    if (awaited === 0) return;
    const texts = formatNumberOf(awaited, "voicemail has its text", "voicemails have their texts");
    yield told(notice("info", `${texts} still being written at RingCentral; a later run brings what comes of it.`));
  }

  return { work: work(), keep: marks.keep };
}

function chosen(all: readonly Mailbox[], extension: string | undefined): readonly Mailbox[] {
  return extension === undefined ? all : all.filter(({ number }) => number === extension);
}

/** What is left to select among messages: mailboxes and window are chosen already. */
function left({ minDurationSeconds, minAgeMs, youngLocal }: Selection): Selection {
  return {
    ...(minDurationSeconds !== undefined && { minDurationSeconds }),
    ...(minAgeMs !== undefined && { minAgeMs }),
    ...(youngLocal !== undefined && { youngLocal }),
  };
}

/** The messages from or to a number; without one, all of them. */
async function* withNumber(batches: AsyncIterable<RowBatch>, number: string | undefined): AsyncIterable<RowBatch> {
  const wanted = number?.replace(/\D/g, "");
  for await (const batch of batches) {
    yield wanted === undefined
      ? batch
      : { ...batch, rows: batch.rows.filter(({ fields }) => speaksWith(fields, wanted)) };
  }
}

function speaksWith({ from, to }: Readonly<Record<string, unknown>>, digits: string): boolean {
  return [from, to].flat().some((party) => {
    const { phoneNumber } = (party ?? {}) as { phoneNumber?: unknown };
    return typeof phoneNumber === "string" && phoneNumber.replace(/\D/g, "").endsWith(digits);
  });
}

/** What is told of a mailbox that could not be listed; nothing of what may have no mailbox at all. */
function outcomeOf(mailbox: Mailbox, { code, message }: RecordingError): DownloadEvent | undefined {
  const refused = code === "forbidden" || code === "gone" || code === "http-error";
  if (mailbox.mayLack && refused) return undefined;
  const what = `Voicemail of ${nameOf(mailbox)}`;
  if (code === "gone")
    return notice("warning", `${what}: the extension was deleted meanwhile, and its messages with it.`);
  if (code !== "forbidden") return { event: "incomplete", what, code, message };
  const remedy = "this mailbox was left out. Let an administrator give a role that may, or use --extension.";
  return {
    event: "incomplete",
    what,
    code: "permission-refused",
    message: `RingCentral does not let this user read it (ReadMessages); ${remedy}`,
  };
}

function unsaidNotice(mailbox: Mailbox, count: number): DownloadEvent {
  const messages = formatNumberOf(count, "voicemail");
  return notice("warning", `RingCentral's sync left out ${messages} of ${nameOf(mailbox)}; the listing has them.`);
}

function nameOf({ id, number, name }: Mailbox): string {
  return `extension ${number ?? id}${name === undefined ? "" : ` (${name})`}`;
}

function notice(level: "info" | "warning", message: string): DownloadEvent {
  return { event: "notice", level, message };
}

function told(event: DownloadEvent): Work {
  return { refs: [], events: [event] };
}

async function* one<T>(value: T): AsyncIterable<T> {
  yield value;
}
