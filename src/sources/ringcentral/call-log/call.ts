import type { Columns } from "../../../core/columns.ts";
import type { Call, Direction } from "../../../core/model/recording.ts";
import { objectOfCell } from "../../exported-cells.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a call-log record, or one of its legs (`part`), says of the call. Hostile values are left out. */
export function callOfRecord(part: Fields, record: Fields): Call {
  const direction = directionOf(part.direction) ?? directionOf(record.direction);
  const from = object(part.from) ?? object(record.from);
  const to = object(part.to) ?? object(record.to);
  const own = direction === "inbound" ? to : from;
  const recording = object(part.recording);
  return known({
    start: instant(part.startTime) ?? instant(record.startTime),
    // What a call that still goes on has lasted so far is not its length.
    duration: record.finished === false ? undefined : (durationOf(part) ?? durationOf(record)),
    direction,
    from: partyNumber(from),
    to: partyNumber(to),
    extension: text(own?.extensionNumber),
    user: text(own?.extensionName),
    name: text(own?.name) ?? text((own === to ? from : to)?.name),
    type: text(recording?.type),
    session: text(record.telephonySessionId) ?? text(part.telephonySessionId) ?? text(record.sessionId),
    account: /\/account\/(\d{1,20})(?:\/|$)/.exec(text(record.uri) ?? "")?.[1],
    callId: text(record.id),
  });
}

/** What a call as we print it says. */
export function callOfPrinted(call: Fields): Call {
  return known({
    start: instant(call.start),
    duration: seconds(call.duration),
    direction: directionOf(call.direction),
    from: text(call.from),
    to: text(call.to),
    extension: text(call.extension),
    user: text(call.user),
    name: text(call.name),
    type: text(call.type),
    session: text(call.session),
    account: text(call.account),
    callId: text(call.callId),
  });
}

/** What the columns of a table say, under the usual names; `start` is what the reader made of theirs. */
export function callOfTable(columns: Columns, start: string | undefined): Call {
  const from = partyOf(columns.value("from", "fromnumber", "fromphonenumber", "caller", "callernumber", "callerid"));
  const to = partyOf(columns.value("to", "tonumber", "tophonenumber", "callee", "calleenumber", "calledid"));
  return known({
    start: start ?? instant(columns.value("start", "starttime", "startedat")),
    duration: seconds(columns.value("duration", "durationseconds", "durationsec", "callduration")),
    direction: directionOf(columns.value("direction", "calldirection")),
    from,
    to,
    extension: text(columns.value("extension", "extensionnumber", "ext")),
    user: text(columns.value("user", "extensionname")),
    name: text(columns.value("name", "username", "agent", "agentname")),
    type: text(columns.value("recordingtype", "type")),
    session: text(columns.value("session", "telephonysessionid", "sessionid")),
    account: text(columns.value("account", "accountid")),
    callId: text(
      columns.value("callid", "calllogid") ??
        (columns.has("sessionid", "telephonysessionid") ? columns.value("id") : undefined),
    ),
  });
}

/** A party's number, also out of an object that a tool wrote as text. */
function partyOf(cell: unknown): string | undefined {
  return partyNumber(object(typeof cell === "string" ? objectOfCell(cell) : cell)) ?? text(cell);
}

/** Text of a sensible length, a number as text, or nothing. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" && value.length <= 2048 ? value : undefined;
}

/** A party's number: its own, or its extension's. */
export function partyNumber(party: Fields | undefined): string | undefined {
  return text(party?.phoneNumber) ?? text(party?.extensionNumber);
}

function durationOf(part: Fields): number | undefined {
  return seconds(part.duration) ?? (typeof part.durationMs === "number" ? seconds(part.durationMs / 1000) : undefined);
}

/** A length in seconds that a call can have. */
export function seconds(value: unknown): number | undefined {
  const amount = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof amount === "number" && amount >= 0 && amount < 1e7 ? amount : undefined;
}

/** A time with its year, month and day. */
export function instant(value: unknown): string | undefined {
  const given = text(value);
  return given !== undefined && /^\d{4}-\d\d/.test(given) && !Number.isNaN(Date.parse(given)) ? given : undefined;
}

function directionOf(value: unknown): Direction | undefined {
  const given = text(value)?.toLowerCase();
  return given === "inbound" || given === "outbound" || given === "internal" ? given : undefined;
}

function object(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A call of which any field may be unknown. */
type Loose = { readonly [Name in keyof Call]: Call[Name] | undefined };

/** The call without its unknown fields. */
export function known(call: Loose): Call {
  const found: Record<string, unknown> = {};
  for (const name in call) {
    const value = call[name as keyof Call];
    if (value !== undefined) found[name] = value;
  }
  return found as Call;
}
