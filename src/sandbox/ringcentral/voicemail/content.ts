import { createHash } from "node:crypto";
import { mp3For } from "../../audio/mp3.ts";
import { isChosen } from "../../faults.ts";
import type { ApiCall } from "../context.ts";
import { ApiError, notFound } from "../errors.ts";
import { partial } from "../recordings/content.ts";
import { rangeOf } from "../recordings/range.ts";
import type { Answer } from "../server/answer.ts";
import { messageIn } from "./mailbox.ts";
import { isWritten } from "./record.ts";
import { attachmentsOf, type Voicemail } from "./store.ts";

/** `GET …/message-store/{id}/content/{attachment}` on the media host: a voicemail's audio, or its text. */
export function messageContent(call: ApiCall): Answer {
  const { sandbox, request, params } = call;
  const message = messageIn(call);
  const attachment = params.attachment ?? "";
  const { audio, text } = attachmentsOf(message);
  const isLost = isChosen(sandbox.settings.voicemail.missing, message.id % 1000, attachment);
  if (message.availability === "Purged" || isLost) throw notFound("attachmentId");
  if (attachment === String(text) && isWritten(message)) {
    return { status: 200, headers: { "Content-Type": "text/plain;charset=UTF-8" }, body: Buffer.from(message.text) };
  }
  if (attachment !== String(audio) || !message.audio) throw notFound("attachmentId");
  const whole = voicemailAudio(message);
  const headers = { "Content-Type": "audio/mpeg", "Accept-Ranges": "bytes", ETag: tagOf(whole) };
  const stretch = rangeOf(request.headers.range, whole.length);
  if (stretch === "unsatisfiable") {
    const range = { "Content-Range": `bytes */${whole.length}` };
    throw new ApiError(416, "CMN-107", "Requested range not satisfiable", { headers: range });
  }
  return stretch ? partial(whole, stretch, headers, false) : { status: 200, headers, body: whole };
}

/** The whole audio of a voicemail. */
export function voicemailAudio({ id, seconds }: Pick<Voicemail, "id" | "seconds">): Buffer {
  return mp3For(`voicemail ${id}`, seconds);
}

function tagOf(bytes: Buffer): string {
  return `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
}
