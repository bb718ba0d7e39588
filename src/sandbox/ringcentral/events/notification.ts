import { randomUUID } from "node:crypto";
import { accountId } from "../account/extensions.ts";
import type { Call } from "../calls/call.ts";
import { endMs } from "../calls/call.ts";

/** What happens to a call that is told of. */
export type CallMoment = "Answered" | "Disconnected";

/** The event of a telephony session, as subscribers of the account's calls get it. */
export function sessionEvent(call: Call, moment: CallMoment, subscriptionId: string): object {
  const at = new Date(moment === "Answered" ? call.startMs : endMs(call)).toISOString();
  const phone = { phoneNumber: `+${call.phone}` };
  const own = { extensionId: String(call.extension) };
  const recordings = call.recordings.map((id) => ({ id, active: moment === "Answered" }));
  return {
    uuid: randomUUID(),
    event: `/restapi/v1.0/account/${accountId}/telephony/sessions`,
    timestamp: at,
    subscriptionId,
    ownerId: accountId,
    body: {
      sequence: moment === "Answered" ? 2 : 3,
      sessionId: call.sessionId,
      telephonySessionId: call.telephonySessionId,
      serverId: "10.0.0.1@pas",
      eventTime: at,
      origin: { type: "Call" },
      parties: [
        {
          accountId,
          extensionId: own.extensionId,
          id: `p-${call.telephonySessionId}-1`,
          direction: call.inbound ? "Inbound" : "Outbound",
          from: call.inbound ? phone : own,
          to: call.inbound ? own : phone,
          status: { code: moment, rcc: false },
          missedCall: false,
          standAlone: false,
          muted: false,
          ...(recordings.length > 0 && { recordings }),
        },
      ],
    },
  };
}
