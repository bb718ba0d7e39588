import type { Call } from "./call.ts";
import { otherParty, ownParty } from "./parties.ts";
import { recordingInfo } from "./recording-info.ts";
import type { Moment } from "./timeline.ts";

/** What a record needs to know beside its call. */
export interface RecordContext {
  readonly apiUrl: string;
  readonly contentBase: string;
  readonly accountId: string;
  readonly detailed: boolean;
  readonly lastModifiedMoves: boolean;
  readonly ownExtensionNumber: "internal" | "always";
}

/** The call as a call-log record. */
export function recordOf(call: Call, moment: Moment, context: RecordContext): Json {
  const own = ownParty(call, context);
  const other = otherParty(call);
  const provisional = moment.provisional;
  // A queue's provisional record may show the call the wrong way round.
  const inbound = provisional && call.kind === "queue" ? !call.inbound : call.inbound;
  return {
    uri: `${context.apiUrl}/restapi/v1.0/account/${context.accountId}/call-log/${call.recordId}?view=${context.detailed ? "Detailed" : "Simple"}`,
    id: call.recordId,
    sessionId: call.sessionId,
    telephonySessionId: call.telephonySessionId,
    partyId: partyIdOf(call, 2),
    finished: !provisional,
    startTime: new Date(call.startMs).toISOString(),
    ...(call.kind === "no-duration" || provisional
      ? {}
      : { duration: call.durationSeconds, durationMs: call.durationSeconds * 1_000 + 371 }),
    type: call.kind === "fax" ? "Fax" : "Voice",
    direction: inbound ? "Inbound" : "Outbound",
    action: actionOf(call),
    result: resultOf(call, provisional),
    ...(call.kind === "internal" ? { internalType: "Local" } : {}),
    from: inbound ? other : own,
    to: inbound ? own : other,
    extension: {
      id: Number(own.extensionId),
      uri: `${context.apiUrl}/restapi/v1.0/account/${context.accountId}/extension/${own.extensionId}`,
    },
    transport: call.kind === "internal" ? "VoIP" : "PSTN",
    ...(call.kind === "short" && !provisional ? { shortRecording: true } : {}),
    ...(call.kind === "fax" || call.kind === "voicemail" ? { message: messageOf(call, context) } : {}),
    ...recordingPart(call, moment, context),
    ...(context.detailed ? detailedPart(call, moment, context) : {}),
  };
}

/** A party of a call's telephony session. */
export function partyIdOf({ telephonySessionId }: Call, party: number): string {
  return `p-${telephonySessionId.slice(2)}-${party}`;
}

function recordingPart(call: Call, moment: Moment, context: RecordContext): Json {
  const [first] = call.recordings;
  if (!moment.recorded || first === undefined || call.kind === "leg-only") return {};
  return { recording: recordingInfo(first, call, context) };
}

function detailedPart(call: Call, moment: Moment, context: RecordContext): Json {
  const modified = context.lastModifiedMoves ? moment.changedMs : moment.listedMs;
  return {
    legs: legsOf(call, moment, context),
    lastModifiedTime: new Date(modified).toISOString(),
    billing: { costIncluded: 0, costPurchased: 0 },
  };
}

function messageOf(call: Call, context: RecordContext): Json {
  const id = String(40_000_000_000 + call.index);
  const type = call.kind === "fax" ? "Fax" : "VoiceMail";
  return {
    id,
    type,
    uri: `${context.apiUrl}/restapi/v1.0/account/${context.accountId}/extension/~/message-store/${id}`,
  };
}

function actionOf(call: Call): string {
  if (call.kind === "fax") return call.inbound ? "Incoming Fax" : "Outgoing Fax";
  if (call.kind === "transfer") return "Transfer";
  return call.kind === "internal" ? "VoIP Call" : "Phone Call";
}

function resultOf(call: Call, provisional: boolean): string {
  if (provisional) return "In Progress";
  if (call.kind === "fax") return call.inbound ? "Received" : "Sent";
  if (call.kind === "missed") return call.inbound ? "Missed" : "No Answer";
  if (call.kind === "voicemail") return "Voicemail";
  return call.inbound ? "Accepted" : "Call connected";
}

/** An object on its way into JSON. */
export type Json = { readonly [field: string]: unknown };

/** The legs of a Detailed record. Which leg carries which recording depends on the call's kind. */
export function legsOf(call: Call, moment: Moment, context: RecordContext): Json[] {
  const types = legTypes(call);
  return types.map((legType, at) => {
    const recording = moment.recorded ? recordingAt(call, at) : undefined;
    return {
      ...legBasics(call, moment, context),
      legType,
      ...(at === 0 ? { master: true } : {}),
      ...(recording === undefined ? {} : { recording: recordingInfo(recording, call, context) }),
      ...(call.kind === "short" && at === 0 && !moment.provisional ? { shortRecording: true } : {}),
    };
  });
}

function legTypes(call: Call): string[] {
  if (call.kind === "transfer") return ["Accept", "TransferCall"];
  if (call.kind === "queue") return ["Accept", "Hunting", "FindMe"];
  return call.inbound ? ["Accept", "PstnToSip"] : ["Accept", "SipToPstnUnmetered"];
}

/** A record's own recording is not always repeated on its legs. */
function recordingAt(call: Call, leg: number): string | undefined {
  const [first, second] = call.recordings;
  if (call.kind === "repeated") return first;
  if (call.kind === "leg-only") return leg === 1 ? first : undefined;
  if (call.kind === "transfer") return leg === 0 ? first : second;
  return undefined;
}

function legBasics(call: Call, moment: Moment, context: RecordContext): Json {
  const own = ownParty(call, context);
  const other = otherParty(call);
  return {
    startTime: new Date(call.startMs).toISOString(),
    ...(moment.provisional ? {} : { duration: call.durationSeconds }),
    type: call.kind === "fax" ? "Fax" : "Voice",
    direction: call.inbound ? "Inbound" : "Outbound",
    action: "Phone Call",
    result: moment.provisional ? "In Progress" : call.inbound ? "Accepted" : "Call connected",
    from: call.inbound ? other : own,
    to: call.inbound ? own : other,
    telephonySessionId: call.telephonySessionId,
    partyId: partyIdOf(call, 2),
    finished: !moment.provisional,
    transport: "PSTN",
  };
}
