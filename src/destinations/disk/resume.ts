/*
 * A part without a strong validator is continued by overlap: its last 64 KiB are asked for again and compared, and
 * the length of the whole must be the first answer's; Last-Modified goes along as If-Range where it is a minute old.
 * What that cannot see: a source that changes a recording before those bytes and keeps its length. A strong ETag sees
 * it.
 */

import { RecordingError } from "../../core/model/errors.ts";
import type { ResponseHead } from "../../core/model/recording.ts";
import { contentLength, contentRange, lastModified, strongValidator } from "../../core/model/response-headers.ts";
import type { Earlier } from "./part.ts";
import type { PartialNote } from "./part-files.ts";

/**
 * What is to be kept of an answer's head, so that a later request can continue its body: a strong validator, or else its
 * length, against which the continuation is held together with the bytes that it repeats. Undefined where neither is
 * told, where the server takes no ranges, and where bytes on the wire are not the file's.
 */
export function noteOf(head: ResponseHead, boot: string): PartialNote | undefined {
  if (head.headers["accept-ranges"] === "none") return undefined;
  if ((head.headers["content-encoding"] ?? "identity") !== "identity") return undefined;
  const validator = strongValidator(head);
  const total = contentRange(head)?.total ?? contentLength(head);
  if (validator !== undefined) return { validator, ...(total === undefined ? {} : { total }), boot, synced: 0 };
  if (total === undefined) return undefined;
  const modified = lastModified(head);
  return { ...(modified === undefined ? {} : { modified }), total, boot, synced: 0 };
}

/** Asks for what comes after the part, and for its last bytes again where only they can tell. */
export function rangeHeaders(earlier: Earlier): Readonly<Record<string, string>> {
  const { validator, modified } = earlier.note;
  const condition = validator ?? modified;
  return { range: `bytes=${firstOf(earlier)}-`, ...(condition === undefined ? {} : { "if-range": condition }) };
}

function firstOf({ length, tail }: Earlier): number {
  return length - tail.length;
}

/** Holds a 206 against what was asked for; returns it with the length of the whole, which alone proves the end. */
export function mustContinue(head: ResponseHead, earlier: Earlier): ResponseHead {
  const range = contentRange(head);
  const { note } = earlier;
  const total = range?.total ?? note.total;
  const fits = range?.first === firstOf(earlier) && total !== undefined && total === (note.total ?? total);
  if (!fits || !isSameVersion(head, note)) {
    throw new RecordingError("changed", "The server continued something other than what was kept: starting over.");
  }
  return { ...head, headers: { ...head.headers, "content-range": `bytes ${range.first}-${range.last}/${total}` } };
}

/** A server that named a version before must name the same one again, at least where it names any. */
function isSameVersion(head: ResponseHead, { validator, modified }: PartialNote): boolean {
  if (validator !== undefined) return strongValidator(head) === validator;
  const now = head.headers["last-modified"]?.trim();
  return modified === undefined || now === undefined || now === modified;
}

/** Holds a 416 against the part: there is nothing after it only when it is as long as the whole. */
export function mustBeAll(head: ResponseHead, { length, note, tail }: Earlier): void {
  const total = contentRange(head)?.total ?? note.total;
  if (tail.length === 0 && total === length && (note.total ?? total) === total) return;
  throw new RecordingError("changed", "The recording has another length than before at the source: starting over.");
}

/** A 206 that nobody asked for is the beginning of a recording of known length, or nothing. */
export function mustBeginAtStart(head: ResponseHead): void {
  if (head.status !== 206) return;
  const range = contentRange(head);
  if (range?.first === 0 && range.total !== undefined) return;
  throw new RecordingError("bad-answer", "The server sent a part of the recording that nobody asked for.", {
    verdict: "retry",
  });
}

/** So much of a part is asked for again, where no validator tells that its source is still the same file. */
export const overlapBytes = 64 * 1024;

/** Holds the beginning of an answer against what is here already. */
export interface Overlap {
  /** The bytes that come after the overlap; throws `changed` at the first one that differs within it. */
  rest(bytes: Uint8Array): Uint8Array;
  /** Bytes that must still come before there is anything new. */
  readonly missing: number;
}

export function openOverlap(known: Uint8Array): Overlap {
  let at = 0;
  return {
    rest(bytes) {
      const again = bytes.subarray(0, known.length - at);
      if (Buffer.compare(again, known.subarray(at, at + again.length)) !== 0) {
        throw new RecordingError("changed", "The recording is another one than before at the source: starting over.");
      }
      at += again.length;
      return bytes.subarray(again.length);
    },
    get missing() {
      return known.length - at;
    },
  };
}
