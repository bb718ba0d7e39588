import { instantOf } from "../calls/instant.ts";
import { oneOf, pageOf, perPageOf } from "../calls/query.ts";
import type { ApiCall } from "../context.ts";
import { badParameter } from "../errors.ts";
import { navigationOf } from "../navigation.ts";
import { type Answer, ok } from "../server/answer.ts";
import { mailboxOf, messageIn } from "./mailbox.ts";
import { messageOf } from "./record.ts";
import type { Voicemail } from "./store.ts";

/** `GET …/extension/{id}/message-store`: one mailbox, page by page, newest first; what is deleted only when asked for. */
export function listMessages(call: ApiCall): Answer {
  const { sandbox, request } = call;
  const { settings, urls } = sandbox;
  const mailbox = mailboxOf(call);
  const found = sandbox.voicemail.all().filter(matching(request.query, mailbox, sandbox.clock.now()));
  const [page, perPage] = [pageOf(request.query, null), perPageOf(request.query, settings.voicemail.maxPerPage)];
  const first = (page - 1) * perPage;
  const records = found.slice(first, first + perPage);
  const totalPages = Math.max(1, Math.ceil(found.length / perPage));
  const uri = (number: number) => {
    const query = new URLSearchParams(request.query);
    query.set("page", String(number));
    query.set("perPage", String(perPage));
    return `${urls.api}${request.path}?${query}`;
  };
  for (let left = settings.voicemail.driftPerPage; left > 0; left--) {
    sandbox.voicemail.add({ extension: Math.max(0, mailbox), createdMs: sandbox.clock.now() - 600_000 });
  }
  const totals = settings.voicemail.totals ? { totalPages, totalElements: found.length } : {};
  const end = first + Math.max(0, records.length - 1);
  return ok({
    uri: uri(page),
    records: records.map((message) => messageOf(message, sandbox)),
    paging: { page, perPage, pageStart: first, pageEnd: end, ...totals },
    navigation: navigationOf(uri, page, page < totalPages, totalPages),
  });
}

/** `GET …/message-store/{id}`: one message. */
export function readMessage(call: ApiCall): Answer {
  return ok(messageOf(messageIn(call), call.sandbox));
}

function matching(query: URLSearchParams, mailbox: number, now: number): (message: Voicemail) => boolean {
  const wanted = matchingWords(query, mailbox);
  const [from, to] = [query.get("dateFrom"), query.get("dateTo")];
  const toMs = to === null ? now : instantOf("dateTo", to, false);
  const fromMs = from === null ? toMs - 86_400_000 : instantOf("dateFrom", from, false);
  if (fromMs > toMs) throw badParameter("dateFrom", from ?? "");
  return (message) => wanted(message) && message.createdMs >= fromMs && message.createdMs <= toMs;
}

/** The part of a query that has nothing to do with times. */
export function matchingWords(query: URLSearchParams, mailbox: number): (message: Voicemail) => boolean {
  oneOf(query, "readStatus", ["Read", "Unread"]);
  const types = query.getAll("messageType");
  const states = query.getAll("availability");
  const phone = query.get("phoneNumber");
  const isAsked = types.length === 0 || types.includes("VoiceMail");
  return ({ extension, availability, phone: caller }) =>
    isAsked &&
    extension === mailbox &&
    (states.length === 0 ? ["Alive"] : states).includes(availability) &&
    (phone === null || caller?.replace("+", "") === phone.replace("+", ""));
}
