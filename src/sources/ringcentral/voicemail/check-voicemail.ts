import { RecordingError } from "../../../core/model/errors.ts";
import type { Check } from "../../../core/model/ports.ts";
import type { Api } from "../api.ts";
import { hasPermission } from "../auth/login-status.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { RingCentralSettings } from "../settings.ts";
import { listMailboxes } from "./mailboxes.ts";
import { missingForVoicemail } from "./voicemail.ts";

/**
 * Whether the login may read the account's voicemail: app permissions, the role's, the list of extensions, and the mailbox of
 * another one. Where voicemail is not asked for, only what the token says is told.
 */
export async function checkVoicemail(
  { settings, tokens }: { readonly settings: RingCentralSettings; readonly tokens: Tokens },
  api: Api,
  signal: AbortSignal,
): Promise<Omit<Check, "name">> {
  const { scope, ownerId } = await tokens.current(signal);
  const missing = missingForVoicemail(scope).join(" and ");
  if (!settings.kinds?.includes("voicemail")) {
    const need = missing === "" ? "" : `; it would need ${missing} for the app`;
    return { status: "skipped", message: `not asked for (--kinds calls,voicemail asks)${need}` };
  }
  const remedy = "Add it to the app in RingCentral's developer console, then log in again.";
  if (missing !== "") return { status: "failed", message: `The app lacks ${missing}.`, remedy, exitCode: 7 };
  if ((await hasPermission({ api, settings }, "ReadMessages", signal)) === false) return refused("ReadMessages");
  const mailboxes = await listMailboxes({ settings, api }, signal);
  const other = mailboxes.find(({ id, mayLack }) => id !== ownerId && !mayLack);
  if (other !== undefined && !(await mayRead(settings, api, other.id, signal)))
    return refused("ReadMessages for others");
  return { status: "ok", message: `${mailboxes.length} mailboxes are listed; one that was tried may be read.` };
}

/** Whether a colleague's mailbox is open to the login. */
async function mayRead(settings: RingCentralSettings, api: Api, id: string, signal: AbortSignal): Promise<boolean> {
  const account = encodeURIComponent(settings.account ?? "~");
  const query = "messageType=VoiceMail&perPage=1";
  const url = `${settings.server}/restapi/v1.0/account/${account}/extension/${id}/message-store?${query}`;
  try {
    return await api.get("message-store", url, () => true, signal);
  } catch (error) {
    if (error instanceof RecordingError && error.code === "forbidden") return false;
    throw error;
  }
}

function refused(permission: string): Omit<Check, "name"> {
  return {
    status: "failed",
    message: `The user's role lacks ${permission}.`,
    remedy: "Have an administrator give a role that may read the company's messages.",
    exitCode: 7,
  };
}
