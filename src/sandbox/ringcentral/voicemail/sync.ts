import { instantOf } from "../calls/instant.ts";
import { oneOf } from "../calls/query.ts";
import { readSyncToken, writeSyncToken } from "../calls/sync-token.ts";
import type { ApiCall } from "../context.ts";
import { badParameter } from "../errors.ts";
import { type Answer, ok } from "../server/answer.ts";
import { mailboxOf } from "./mailbox.ts";
import { messageOf } from "./record.ts";
import type { Voicemail } from "./store.ts";

/** `GET …/extension/{id}/message-sync`: the newest messages (FSync), or those that changed since a token (ISync). */
export function syncMessages(call: ApiCall): Answer {
  const mailbox = mailboxOf(call);
  const syncType = oneOf(call.request.query, "syncType", ["FSync", "ISync"]) ?? "FSync";
  return syncType === "FSync" ? fullSync(call, mailbox) : changesSince(call, mailbox);
}

function fullSync(call: ApiCall, mailbox: number): Answer {
  const { sandbox, request } = call;
  const { query } = request;
  const now = sandbox.clock.now();
  const count = Number(query.get("recordCount") ?? 250);
  if (!Number.isInteger(count) || count < 1) throw badParameter("recordCount", query.get("recordCount") ?? "");
  const from = query.get("dateFrom");
  const fromMs = from === null ? now - 86_400_000 : instantOf("dateFrom", from, false);
  const types = query.getAll("messageType");
  const isAsked = types.length === 0 || types.includes("VoiceMail");
  const found = isAsked
    ? sandbox.voicemail.all().filter((each) => each.extension === mailbox && each.createdMs >= fromMs)
    : [];
  return answer(call, "FSync", found.slice(0, count), now, found.length > count, query.toString());
}

function changesSince(call: ApiCall, mailbox: number): Answer {
  const { sandbox, request } = call;
  const { settings, clock, voicemail } = sandbox;
  const now = clock.now();
  const oldest = settings.sync.expireTokens ? now : now - settings.sync.tokenSeconds * 1_000;
  const token = readSyncToken(request.query.get("syncToken") ?? "", "messages", request.path, oldest);
  const found = voicemail
    .all()
    .filter((each) => each.extension === mailbox && each.changedMs > token.changedMs)
    .filter(({ id }) => !settings.voicemail.unsynced.includes(id));
  const most = settings.sync.maxRecords;
  return answer(call, "ISync", found.slice(0, most), now, found.length > most, token.query);
}

function answer(
  { sandbox, request }: ApiCall,
  syncType: string,
  messages: readonly Voicemail[],
  now: number,
  olderRecordsExist: boolean,
  query: string,
): Answer {
  const syncToken = writeSyncToken({ kind: "messages", issuedMs: now, changedMs: now, path: request.path, query });
  return ok({
    uri: `${sandbox.urls.api}${request.target}`,
    records: messages.map((message) => messageOf(message, sandbox)),
    syncInfo: { syncType, syncToken, syncTime: new Date(now).toISOString(), olderRecordsExist },
  });
}
