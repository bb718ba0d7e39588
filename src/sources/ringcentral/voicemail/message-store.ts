import { RecordingError } from "../../../core/model/errors.ts";
import type { Mailbox, MailboxChanges } from "../../../core/model/ports.ts";
import type { Row, RowBatch } from "../../../core/model/recording.ts";
import type { Api, Json } from "../api.ts";
import { type Ask, disagreement, type Page, pageOf, pagesOf, recordKey } from "../call-log/pages.ts";
import { missingParameters } from "../error-bodies.ts";
import type { RingCentralSettings } from "../settings.ts";

export interface MessageWorld {
  readonly settings: RingCentralSettings;
  readonly api: Api;
}

const perPage = 1000;
const of = "message store";
/** A list of several pages that tells no totals is read until two readings agree, at most so often. */
const mostReadings = 4;

/**
 * The voicemail of one mailbox that was left in a stretch of time, deleted ones too; a message may come twice. Throws where
 * a page cannot be had (never a short list), `forbidden` for a mailbox that the login may not read, `gone` for one whose
 * extension was deleted.
 */
export async function* listMailbox(
  world: MessageWorld,
  mailbox: Mailbox,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void> {
  const query = new URLSearchParams({
    dateFrom: new Date(Math.floor(fromMs / 1000) * 1000).toISOString(),
    dateTo: new Date(Math.ceil(toMs / 1000) * 1000).toISOString(),
    messageType: "VoiceMail",
    perPage: String(perPage),
    page: "1",
  });
  for (const state of ["Alive", "Deleted", "Purged"]) query.append("availability", state);
  const url = `${mailboxUrl(world, mailbox)}/message-store?${query}`;
  const ask: Ask = (asked) => read(world, "message-store", asked.url, (answer) => pageOf(answer, asked), signal);
  let line = 1;
  for await (const { records, broken } of agreedPages(url, ask)) {
    const wanted = records.filter(({ creationTime }) => !isOutside(Date.parse(String(creationTime)), fromMs, toMs));
    yield rowsOf(wanted, broken, mailbox, line);
    line += records.length + broken;
  }
}

/** RingCentral is asked for whole seconds. */
function isOutside(createdMs: number, fromMs: number, toMs: number): boolean {
  return createdMs < fromMs || createdMs >= toMs;
}

/** Pages are held against the totals that they name; where they name none, readings are held against each other. */
async function* agreedPages(url: string, ask: Ask): AsyncGenerator<Page, void> {
  let before: ReadonlySet<string> | undefined;
  for (let reading = 1; ; reading++) {
    const pages = new Set<string>();
    const first = { url, page: await ask({ url, pages, probing: false, of }), pages, of };
    const seen = new Set<string>();
    let [count, told] = [0, false];
    for await (const page of pagesOf(first, ask)) {
      yield page;
      count += 1;
      told ||= page.total !== undefined;
      for (const record of page.records) seen.add(recordKey(record) ?? JSON.stringify(record));
    }
    if (count === 1 || told || (before !== undefined && isSame(before, seen))) return;
    if (reading === mostReadings) throw disagreement(of);
    before = seen;
  }
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}

/**
 * What changed in a mailbox since `token` was given, with the token to ask with next. Without a token, or with one that
 * RingCentral does not take any more, or after more changes than it tells, `isComplete` is false: the mailbox is to be listed.
 */
export async function changesOf(
  world: MessageWorld,
  mailbox: Mailbox,
  token: string | undefined,
  signal: AbortSignal,
): Promise<MailboxChanges> {
  if (token === undefined) return freshToken(world, mailbox, signal);
  const query = new URLSearchParams({ syncType: "ISync", syncToken: token });
  try {
    const changes = await read(world, "message-sync", syncUrl(world, mailbox, query), syncOf, signal);
    if (changes.older) return await freshToken(world, mailbox, signal);
    return { batch: rowsOf(changes.records, changes.broken, mailbox, 1), token: changes.token, isComplete: true };
  } catch (error) {
    if (!(error instanceof RecordingError) || error.head?.status !== 400) throw error;
    return freshToken(world, mailbox, signal);
  }
}

/** A token for changes from now on. */
async function freshToken(world: MessageWorld, mailbox: Mailbox, signal: AbortSignal): Promise<MailboxChanges> {
  const query = new URLSearchParams({ syncType: "FSync", messageType: "VoiceMail", recordCount: "1" });
  const { token } = await read(world, "message-sync", syncUrl(world, mailbox, query), syncOf, signal);
  return { batch: { rows: [] }, token, isComplete: false };
}

function syncOf({ records, syncInfo }: Json) {
  const { syncToken: token, olderRecordsExist } = (syncInfo ?? {}) as Json;
  if (!Array.isArray(records) || typeof token !== "string" || token === "") {
    throw new RecordingError("bad-answer", "RingCentral's message sync gives no records or no token.", {
      verdict: "retry",
    });
  }
  const real = records.filter((record): record is Json => typeof record === "object" && record !== null);
  return { records: real, broken: records.length - real.length, token, older: olderRecordsExist === true };
}

/** Other messages (fax, SMS) are no rows of ours, should they come all the same. */
function rowsOf(records: readonly Json[], broken: number, mailbox: Mailbox, line: number): RowBatch {
  const file = "message-store";
  const rows = records.flatMap((record, at): Row[] =>
    record.type === undefined || record.type === "VoiceMail"
      ? [{ fields: { ...record, type: "VoiceMail", mailbox }, file, line: line + at }]
      : [],
  );
  const message = "RingCentral's message store contains an entry that is not a message.";
  return {
    rows,
    rejected: Array.from({ length: broken }, (_, at) => ({ file, line: line + records.length + at, message })),
  };
}

async function read<T>(
  { api }: MessageWorld,
  kind: string,
  url: string,
  make: (answer: Json) => T,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await api.get(kind, url, make, signal);
  } catch (error) {
    const isGone =
      error instanceof RecordingError && error.head?.status === 404 && missingParameters(error.body).has("extensionId");
    throw isGone ? new RecordingError("gone", "RingCentral no longer has this extension.") : error;
  }
}

function mailboxUrl({ settings }: MessageWorld, { id }: Mailbox): string {
  return `${settings.server}/restapi/v1.0/account/${encodeURIComponent(settings.account ?? "~")}/extension/${id}`;
}

function syncUrl(world: MessageWorld, mailbox: Mailbox, query: URLSearchParams): string {
  return `${mailboxUrl(world, mailbox)}/message-sync?${query}`;
}
