import { accountId, extensionIdOf, extensionNameOf, extensionNumberOf } from "../account/extensions.ts";
import type { Sandbox } from "../context.ts";
import { attachmentsOf, type Voicemail } from "./store.ts";

/** The voicemail as a record of the message store. */
export function messageOf(message: Voicemail, { urls, settings }: Sandbox): object {
  const { id, extension, createdMs, changedMs, phone } = message;
  const extensionId = extensionIdOf(extension);
  const path = `/restapi/v1.0/account/${accountId}/extension/${extensionId}/message-store/${id}`;
  return {
    uri: urls.api + path,
    id,
    extensionId,
    type: "VoiceMail",
    direction: "Inbound",
    availability: message.availability,
    creationTime: new Date(createdMs).toISOString(),
    lastModifiedTime: new Date(changedMs).toISOString(),
    readStatus: "Unread",
    priority: "Normal",
    messageStatus: "Received",
    vmTranscriptionStatus: message.transcription,
    from: phone === undefined ? { name: "Anonymous" } : { phoneNumber: phone, location: "Palo Alto, CA" },
    to: [{ name: extensionNameOf(extension), extensionNumber: extensionNumberOf(extension), extensionId }],
    attachments: attachments(message, `${urls[settings.voicemail.contentHost]}${path}/content`),
  };
}

function attachments(message: Voicemail, base: string): object[] {
  if (message.availability === "Purged") return [];
  const { audio, text } = attachmentsOf(message);
  const sound = { type: "AudioRecording", contentType: "audio/mpeg", vmDuration: message.seconds };
  const words = { type: "AudioTranscription", contentType: "text/plain", vmDuration: message.seconds };
  return [
    ...(message.audio ? [{ id: audio, uri: `${base}/${audio}`, ...sound }] : []),
    ...(isWritten(message)
      ? [{ id: text, uri: `${base}/${text}`, ...words, size: Buffer.byteLength(message.text) }]
      : []),
  ];
}

/** Whether its text is there to be read. */
export function isWritten({ transcription }: Voicemail): boolean {
  return transcription === "Completed" || transcription === "CompletedPartially";
}
