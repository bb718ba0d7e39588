import type { Call, RecordingRef, Row, RowFinding } from "../../../core/model/recording.ts";
import { instant, known, partyNumber, seconds, text } from "../call-log/call.ts";
import { badRow } from "../call-log/printed-rows.ts";
import { pathOfVoicemail, type VoicemailIds, voicemailId, voicemailOfPath } from "./keys.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What voicemails are called where calls' recordings have `Automatic` or `OnDemand`. */
export const voicemailType = "Voicemail";

/** Whether a row is a voicemail as the message store has it. */
export function isMessage({ type, attachments, creationTime }: Fields): boolean {
  return type === "VoiceMail" && (Array.isArray(attachments) || creationTime !== undefined);
}

/**
 * The audio of a voicemail, and with it where its text is (`locator.transcript`) or that it is still being written
 * (`locator.transcription`). A message without audio is an absence; one whose attachment cannot be told throws `bad-rows`.
 */
export function findingOfMessage(message: Fields, row: Row): RowFinding {
  const attachments = (Array.isArray(message.attachments) ? message.attachments : []).filter(isFields);
  const sounds = attachments.filter(isSound);
  const [words] = attachments.filter(({ type }) => type === "AudioTranscription");
  if (sounds.length === 0) return { refs: [], absence: { reason: "no-recording", call: callOf(message, {}) } };
  const refs = sounds.map((sound) => {
    const contentUri = text(sound.uri);
    const ids = idsOf(message, sound, row);
    const locator = { ...(contentUri && { contentUri }), ...transcriptOf(message, words) };
    return voicemailRef(ids, locator, callOf(message, sound));
  });
  return { refs };
}

/** A voicemail by its ids alone. */
export function voicemailRef(ids: VoicemailIds, locator: RecordingRef["locator"], call: Call): RecordingRef {
  const key = `ringcentral/${pathOfVoicemail(ids)}`;
  return { key, source: "ringcentral", id: voicemailId(ids), locator, call: { type: voicemailType, ...call } };
}

function isSound({ type, contentType }: Fields): boolean {
  return type === "AudioRecording" || (type === undefined && String(contentType).startsWith("audio/"));
}

function idsOf(message: Fields, sound: Fields, row: Row): VoicemailIds {
  const told = voicemailOfPath(text(sound.uri)?.replace(/[?#].*$/s, "") ?? "");
  const ids = {
    message: text(message.id) ?? told?.message ?? "",
    attachment: text(sound.id) ?? told?.attachment ?? "",
  };
  if (!/^\d{1,20}$/.test(ids.message)) throw badRow(row, "its message has no id");
  if (!/^\d{1,20}$/.test(ids.attachment)) throw badRow(row, "the attachment with its audio has no id");
  return ids;
}

function transcriptOf(message: Fields, words: Fields | undefined): Readonly<Record<string, string>> {
  const transcript = text(words?.uri);
  if (transcript !== undefined) return { transcript };
  return message.vmTranscriptionStatus === "InProgress" ? { transcription: "InProgress" } : {};
}

function callOf(message: Fields, sound: Fields): Call {
  const from = isFields(message.from) ? message.from : undefined;
  const [to] = (Array.isArray(message.to) ? message.to : [message.to]).filter(isFields);
  const mailbox = isFields(message.mailbox) ? message.mailbox : {};
  const outbound = text(message.direction)?.toLowerCase() === "outbound";
  return known({
    start: instant(message.creationTime),
    duration: seconds(sound.vmDuration),
    direction: outbound ? "outbound" : "inbound",
    from: partyNumber(from),
    to: partyNumber(to) ?? text(mailbox.number),
    extension: text(mailbox.number) ?? text(to?.extensionNumber),
    user: text(mailbox.name),
    name: text(from?.name) ?? text(to?.name),
    type: voicemailType,
    session: undefined,
    account: /\/account\/(\d{1,20})(?:\/|$)/.exec(text(message.uri) ?? "")?.[1],
    callId: text(message.id),
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
