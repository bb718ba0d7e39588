import type { RecordingRef } from "../../../core/model/recording.ts";
import { isLoopback } from "../../../http/networks.ts";
import type { RingCentralSettings } from "../settings.ts";
import { voicemailIds } from "../voicemail/keys.ts";

/**
 * Where a recording's audio is asked for: its contentUri when that is on our hosts; the same path on the media host when it
 * is relative or names another host, which gets no token; else the media host's own form.
 */
export function contentUrl(ref: RecordingRef, settings: RingCentralSettings): string {
  const { contentUri } = ref.locator;
  if (contentUri === undefined || contentUri === "") return ownForm(ref, settings);
  if (voicemailIds(ref.id) !== undefined) return attachmentUrl(contentUri, settings) ?? ownForm(ref, settings);
  if (isPlain(contentUri, settings)) return contentUri;
  const given = URL.canParse(contentUri, settings.mediaServer) ? new URL(contentUri, settings.mediaServer) : undefined;
  if (given === undefined || !given.pathname.startsWith("/restapi/")) return ownForm(ref, settings);
  const url = isOurs(given, settings) ? given : new URL(settings.mediaServer + given.pathname + given.search);
  url.searchParams.delete("access_token");
  url.hash = "";
  return url.href;
}

/** Where an attachment of a message is asked for: its path on the media host, whichever host its address names; undefined for what is no attachment's address. */
export function attachmentUrl(uri: string, { mediaServer }: RingCentralSettings): string | undefined {
  const url = URL.canParse(uri, mediaServer) ? new URL(uri, mediaServer) : undefined;
  const isAttachment = /^\/restapi\/v[\d.]+\/account\/[\w~]+\/extension\/[\w~]+\/message-store\/\d+\/content\/\d+$/;
  return url !== undefined && isAttachment.test(url.pathname) ? mediaServer + url.pathname : undefined;
}

function ownForm({ id }: RecordingRef, { account = "~", mediaServer }: RingCentralSettings): string {
  const voicemail = voicemailIds(id);
  if (voicemail !== undefined) {
    const mailbox = `${mediaServer}/restapi/v1.0/account/${encodeURIComponent(account)}/extension/~`;
    return `${mailbox}/message-store/${voicemail.message}/content/${voicemail.attachment}`;
  }
  return `${mediaServer}/restapi/v1.0/account/${encodeURIComponent(account)}/recording/${encodeURIComponent(id)}/content`;
}

/** Whether a contentUri is on one of our hosts and holds nothing that parsing could change: the usual one. */
function isPlain(contentUri: string, { server, mediaServer }: RingCentralSettings): boolean {
  const host = [mediaServer, server].find((each) => contentUri.startsWith(`${each}/restapi/`));
  return host !== undefined && /^(?:\/[\w~-][\w~.-]*)+$/.test(contentUri.slice(host.length));
}

/** Whether a URL is on the API or media host, where the token may be sent. */
export function isOurs(url: URL, settings: RingCentralSettings): boolean {
  const ours = [settings.server, settings.mediaServer].includes(url.origin);
  return ours && url.username === "" && url.password === "" && url.pathname.startsWith("/restapi/");
}

/** Where a redirect leads from the address that was asked; undefined where it may not be followed: never from https to http. */
export function redirectTarget(location: string | undefined, from: string): URL | undefined {
  const url = location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined;
  const stays = from.startsWith("http:") && url?.protocol === "http:" && isLoopback(url.hostname);
  const secure = url?.protocol === "https:" || stays;
  return secure && url.username === "" && url.password === "" ? url : undefined;
}
