import { RecordingError } from "../../../core/model/errors.ts";
import type { VoicemailSource } from "../../../core/model/ports.ts";
import type { Tokens } from "../auth/tokens.ts";
import { missingParameters } from "../error-bodies.ts";
import { attachmentUrl } from "../media/addresses.ts";
import { attachmentKind } from "../media/audio.ts";
import { listMailboxes } from "./mailboxes.ts";
import { changesOf, listMailbox, type MessageWorld } from "./message-store.ts";

/** App permissions without which an account's voicemail cannot be listed. */
export const voicemailScopes = ["ReadMessages", "ReadAccounts"] as const;

/** Those of them that a token lacks; none where it does not say. */
export function missingForVoicemail(scope: string): readonly string[] {
  const has = scope.split(/\s+/).filter((name) => name !== "");
  return has.length === 0 ? [] : voicemailScopes.filter((name) => !has.includes(name));
}

/** The account's voicemail, through the API of one login. */
export function openVoicemail(world: MessageWorld & { readonly tokens: Tokens }): VoicemailSource {
  const { settings, api, tokens } = world;
  return {
    async mailboxes(signal) {
      const missing = missingForVoicemail((await tokens.current(signal)).scope);
      if (missing.length > 0) throw lacking(missing);
      return listMailboxes(world, signal);
    },
    list: (mailbox, window, signal) => listMailbox(world, mailbox, window, signal),
    changes: (mailbox, token, signal) => changesOf(world, mailbox, token, signal),
    async transcript({ id, locator }, signal) {
      const url = locator.transcript === undefined ? undefined : attachmentUrl(locator.transcript, settings);
      if (url !== undefined) return checkedText(await api.bytes(attachmentKind, url, signal).catch(asAbsence));
      throw new RecordingError("bad-answer", `Voicemail ${id}: the address of its text is not on RingCentral's host.`);
    },
  };
}

/** A text that RingCentral itself says is not there. */
function asAbsence(error: unknown): never {
  const isGone =
    error instanceof RecordingError &&
    error.head?.status === 404 &&
    ["messageId", "attachmentId", "extensionId"].some((name) => missingParameters(error.body).has(name));
  throw isGone ? new RecordingError("gone", "RingCentral no longer has it.") : error;
}

/** Refuses what stands where a text should: a page, or an error in a good answer's place. */
function checkedText(text: Uint8Array): Uint8Array {
  const start = Buffer.from(text.subarray(0, 200)).toString("utf8").trimStart();
  if (/^(?:<(?:!doctype|html)|\{\s*"error)/i.test(start)) {
    throw new RecordingError("bad-answer", "RingCentral's answer is a page or an error, and no text.");
  }
  return text;
}

function lacking(missing: readonly string[]): RecordingError {
  const message = `The RingCentral app lacks ${missing.join(" and ")}, which voicemail needs: add it to the app in the developer console, then log in again; or leave voicemail out of --kinds.`;
  return new RecordingError("permission-refused", message);
}
