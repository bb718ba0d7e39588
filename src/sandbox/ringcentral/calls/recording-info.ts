import type { Call } from "./call.ts";
import type { Json, RecordContext } from "./record.ts";

/** The `recording` of a record or a leg: all four fields are always there. */
export function recordingInfo(id: string, call: Call, context: RecordContext): Json {
  const base = call.kind === "explicit-port" ? withPort(context.contentBase) : context.contentBase;
  return {
    uri: `${context.apiUrl}/restapi/v1.0/account/${context.accountId}/recording/${id}`,
    id,
    type: call.kind === "on-demand" ? "OnDemand" : "Automatic",
    contentUri: `${base}/restapi/v1.0/account/${context.accountId}/recording/${id}/content`,
  };
}

/** The base with its default port written out; a base with another port stays as it is. */
function withPort(base: string): string {
  const url = new URL(base);
  return url.port === "" ? `${url.protocol}//${url.hostname}:${url.protocol === "https:" ? 443 : 80}` : base;
}
