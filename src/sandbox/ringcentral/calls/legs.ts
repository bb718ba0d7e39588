import type { Call } from "./call.ts";
import { otherParty, ownParty } from "./parties.ts";
import { partyIdOf, type RecordContext } from "./record.ts";
import { recordingInfo } from "./recording-info.ts";
import type { Moment } from "./timeline.ts";

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
