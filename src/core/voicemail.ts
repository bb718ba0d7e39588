import type { RecordingKind } from "./model/ports.ts";
import type { RecordingKey } from "./model/recording.ts";

/** Whether a key names a voicemail: `ringcentral/vm/{messageId}/{attachmentId}`. */
export function isVoicemail(key: RecordingKey): boolean {
  return key.startsWith("ringcentral/vm/");
}

/** Of which kind a recording is. */
export function kindOf(key: RecordingKey): RecordingKind {
  return isVoicemail(key) ? "voicemail" : "calls";
}
