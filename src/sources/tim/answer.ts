import { RecordingError } from "../../core/errors.ts";
import type { ResponseHead } from "../../core/recording.ts";

/**
 * The token URL in TIM's answer, byte for byte; `by` names who answered, as a witness. Throws `no-recording` for an empty answer and `bad-answer`, saying what
 * the answer looks like, for anything but one absolute http(s) URL.
 */
export function urlInAnswer(head: ResponseHead, body: Uint8Array, recording: string, by: string): string {
  const text = decode(body);
  if (text === "") {
    throw new RecordingError("no-recording", `TIM gives no address for ${recording}: it has no recording there.`, {
      head,
      witness: { by, explicit: false },
    });
  }
  if (!isAbsoluteUrl(text)) {
    throw new RecordingError(
      "bad-answer",
      `TIM answered the token request for ${recording} with ${looksLike(text, body)} instead of an Echo address. ${remedy(text)}`,
      { head },
    );
  }
  return escapeNonAscii(text);
}

function decode(body: Uint8Array): string {
  const encoding = body[0] === 0xff && body[1] === 0xfe ? "utf-16le" : "utf-8";
  return new TextDecoder(encoding).decode(body).replace(/^[\s\0\ufeff]+|[\s\0\ufeff]+$/g, "");
}

function isAbsoluteUrl(text: string): boolean {
  return (
    text.length <= 8192 &&
    /^https?:\/\/[^\s/?#\\\0-\x1f\x7f]+(?:[/?#][^\s\0-\x1f\x7f]*)?$/i.test(text) &&
    URL.canParse(text)
  );
}

/** What stands in a URL beyond ASCII can only go over the wire as escaped UTF-8. */
function escapeNonAscii(url: string): string {
  return url.replace(/[^\x00-\x7f]+/g, (letters) => encodeURIComponent(letters));
}

function looksLike(text: string, body: Uint8Array): string {
  const start = Buffer.from(body.subarray(0, 4)).toString("latin1");
  if (start === "RIFF" || start.startsWith("ID3") || (body[0] === 0xff && (body[1] ?? 0) >= 0xe0)) return "audio";
  if (/^<(!doctype|html|head|body)/i.test(text)) return "an HTML page";
  if (text.startsWith("<")) return "XML";
  if (/^[{["]/.test(text)) return "JSON";
  if (/^\/|^[\w.-]+\.\w+\?/.test(text)) return "a relative address";
  if (/^https?:/i.test(text)) return /\s/.test(text) ? "more than one address" : "a broken address";
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/\s/.test(text)) return "an address that is not http";
  return "other text";
}

function remedy(text: string): string {
  if (text.startsWith("<")) return "Is --tim-url TIM's own web server, and not a login page before it?";
  return "See whether --tim-url and --tim-url-template fit this TIM.";
}
