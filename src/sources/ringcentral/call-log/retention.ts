import { asRecordingError } from "../../../core/model/errors.ts";
import type { Api, Json } from "../api.ts";
import type { RingCentralSettings } from "../settings.ts";

/** How long, and how many, automatic recordings the account keeps. */
export interface Retention {
  readonly days: number;
  readonly most?: number;
}

/** The account's setting (`GET /account/~/call-recording`, a light request); undefined when RingCentral or the app's permissions do not tell. */
export async function readRetention(
  { settings, api }: { readonly settings: RingCentralSettings; readonly api: Api },
  signal: AbortSignal,
): Promise<Retention | undefined> {
  const account = encodeURIComponent(settings.account ?? "~");
  const url = `${settings.server}/restapi/v1.0/account/${account}/call-recording`;
  try {
    const kept = await api.get("call-recording", url, (answer) => answer.automatic as Json | undefined, signal);
    const { retentionPeriod: days, maxNumberLimit: most } = kept ?? {};
    if (typeof days !== "number" || !(days > 0)) return undefined;
    return { days, ...(typeof most === "number" ? { most } : {}) };
  } catch (error) {
    const { code } = asRecordingError(error);
    if (code !== "permission-refused" && code !== "forbidden") throw error;
    return undefined;
  }
}
