/** Which message and which of its attachments hold a voicemail's audio: RingCentral's numbers, as text. */
export interface VoicemailIds {
  readonly message: string;
  readonly attachment: string;
}

/** The id of a voicemail, as names of files have it. */
export function voicemailId({ message, attachment }: VoicemailIds): string {
  return `vm-${message}-${attachment}`;
}

/** What such an id names; undefined for the id of a call's recording. */
export function voicemailIds(id: string): VoicemailIds | undefined {
  const [, message, attachment] = /^vm-(\d{1,20})-(\d{1,20})$/.exec(id) ?? [];
  return message === undefined || attachment === undefined ? undefined : { message, attachment };
}

/** What the end of a key or a permanent path (`vm/1/2`), or an attachment's address, names. */
export function voicemailOfPath(path: string): VoicemailIds | undefined {
  const [, message, attachment] =
    /^vm\/(\d{1,20})\/(\d{1,20})$/.exec(path) ??
    /\/message-store\/(\d{1,20})\/content\/(\d{1,20})\/?$/.exec(path) ??
    [];
  return message === undefined || attachment === undefined ? undefined : { message, attachment };
}

/** The end of a voicemail's key. */
export function pathOfVoicemail({ message, attachment }: VoicemailIds): string {
  return `vm/${message}/${attachment}`;
}
