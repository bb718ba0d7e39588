import { RecordingError } from "../../../core/model/errors.ts";
import { isLoopback } from "../../../http/networks.ts";
import type { Api, Json } from "../api.ts";
import { socketTokenKind } from "../rate-limiter/budget.ts";
import type { RingCentralSettings } from "../settings.ts";

/** The address of one connection to the gateway for events. It holds a token for once: never shown, never logged. */
export async function gatewayUrl(
  { settings, api }: { readonly settings: RingCentralSettings; readonly api: Api },
  signal: AbortSignal,
): Promise<string> {
  const answer = await api.post(
    socketTokenKind,
    `${settings.server}/restapi/oauth/wstoken`,
    (body: Json) => body,
    signal,
  );
  const { uri, ws_access_token: token } = answer;
  if (typeof uri !== "string" || typeof token !== "string" || !URL.canParse(uri)) {
    throw new RecordingError("bad-answer", "RingCentral's answer about its gateway for events has no address.");
  }
  const url = new URL(uri);
  if (!mayBeGateway(url, new URL(settings.server))) {
    throw new RecordingError("foreign-host", `${url.host} is not one of RingCentral's hosts, so it gets no token.`);
  }
  url.searchParams.set("access_token", token);
  return url.href;
}

/** A host of the same domain as the API's, encrypted; on this machine also without. */
function mayBeGateway(gateway: URL, server: URL): boolean {
  if (isLoopback(server.hostname)) return isLoopback(gateway.hostname) && /^wss?:$/.test(gateway.protocol);
  const domain = server.hostname.split(".").slice(-2).join(".");
  const isNear = gateway.hostname === server.hostname || gateway.hostname.endsWith(`.${domain}`);
  return gateway.protocol === "wss:" && isNear;
}
