import type { Call, Direction } from "../../core/recording.ts";

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
    from: number(from),
    to: number(to),
    extension: text(own?.extensionNumber),
    name: text(own?.name) ?? text((own === to ? from : to)?.name),
    type: text(recording?.type),
    session: text(record.telephonySessionId) ?? text(part.telephonySessionId) ?? text(record.sessionId),
    account: /\/account\/(\d{1,20})(?:\/|$)/.exec(text(record.uri) ?? "")?.[1],
    callId: text(record.id),
  });
}

/** What plain columns, or a call as we print it, say; names are lower-case or as in `Call`. */
export function callOfColumns(fields: Fields): Call {
  return known({
    start: instant(fields.start ?? fields.starttime ?? fields.startTime),
    duration: seconds(fields.duration),
    direction: directionOf(fields.direction),
    from: text(fields.from),
    to: text(fields.to),
    extension: text(fields.extension),
    name: text(fields.name),
    type: text(fields.type),
    session: text(fields.session ?? fields.telephonysessionid),
    account: text(fields.account),
    callId: text(fields.callId ?? fields.callid),
  });
}

/** Text of a sensible length, a number as text, or nothing. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" && value.length <= 2048 ? value : undefined;
}

function number(party: Fields | undefined): string | undefined {
  return text(party?.phoneNumber) ?? text(party?.extensionNumber);
}

function durationOf(part: Fields): number | undefined {
  return seconds(part.duration) ?? (typeof part.durationMs === "number" ? seconds(part.durationMs / 1000) : undefined);
}

function seconds(value: unknown): number | undefined {
  const amount = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof amount === "number" && amount >= 0 && amount < 1e7 ? amount : undefined;
}

function instant(value: unknown): string | undefined {
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

type Loose = { readonly [Name in keyof Call]: Call[Name] | undefined };

function known(call: Loose): Call {
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as Call;
}
