import { RecordingError } from "../../../core/model/errors.ts";
import type { Mailbox } from "../../../core/model/ports.ts";
import type { Api, Json } from "../api.ts";
import { type Ask, pageOf, pagesOf } from "../call-log/pages.ts";
import { neededPermission } from "../error-bodies.ts";
import type { RingCentralSettings } from "../settings.ts";

const perPage = 1000;
const of = "list of extensions";

/** What may be an extension without ever having a mailbox. */
const without: ReadonlySet<unknown> = new Set([
  ...["PagingOnly", "IvrMenu", "ParkLocation", "Site", "ApplicationExtension", "Bot", "Room", "RoomConnector"],
  ...["ProxyAdmin", "GroupCallPickup", "TieLine", "VoiceAppIntegration", "WebVoice", "DelegatedLinesGroup"],
]);

/** Every extension of the account, each once. Throws where they cannot be listed: there is no short list. */
export async function listMailboxes(
  { settings, api }: { readonly settings: RingCentralSettings; readonly api: Api },
  signal: AbortSignal,
): Promise<readonly Mailbox[]> {
  const account = encodeURIComponent(settings.account ?? "~");
  const url = `${settings.server}/restapi/v1.0/account/${account}/extension?perPage=${perPage}&page=1`;
  const ask: Ask = (asked) => api.get("extension-list", asked.url, (answer) => pageOf(answer, asked), signal);
  const found = new Map<string, Mailbox>();
  try {
    const pages = new Set<string>();
    const page = await ask({ url, pages, probing: false, of });
    for await (const { records, broken } of pagesOf({ url, page, pages, of }, ask)) {
      for (const mailbox of records.map(mailboxOf)) if (mailbox !== undefined) found.set(mailbox.id, mailbox);
      if (broken > 0 || records.some((record) => mailboxOf(record) === undefined)) throw unnamed();
    }
  } catch (error) {
    throw error instanceof RecordingError && error.code === "forbidden" ? refused(error) : error;
  }
  return [...found.values()];
}

function mailboxOf({ id, extensionNumber, name, type, status }: Json): Mailbox | undefined {
  if (!/^\d{1,20}$/.test(String(id))) return undefined;
  return {
    id: String(id),
    ...(typeof extensionNumber === "string" && { number: extensionNumber.slice(0, 40) }),
    ...(typeof name === "string" && { name: name.slice(0, 200) }),
    ...((without.has(type) || status === "Unassigned") && { mayLack: true }),
  };
}

function unnamed(): RecordingError {
  return new RecordingError("bad-answer", "RingCentral's list of extensions has an entry without an id.");
}

function refused({ body }: RecordingError): RecordingError {
  const permission = neededPermission(body) ?? "ReadExtensions";
  const message = `RingCentral does not let this user list the account's extensions, whose mailboxes have the voicemail (${permission}): an administrator can give a role that may, or use the login of another user.`;
  return new RecordingError("permission-refused", message);
}
