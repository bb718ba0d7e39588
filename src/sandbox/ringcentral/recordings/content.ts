import { createHash } from "node:crypto";
import { endMs } from "../calls/call.ts";
import type { ApiCall } from "../context.ts";
import { ApiError } from "../errors.ts";
import type { Answer } from "../server/answer.ts";
import { findRecording } from "./find.ts";
import { rangeOf, type Stretch } from "./range.ts";

/** `GET …/recording/{id}/content` on the media host: the audio, whole or a range of it. */
export function recordingContent(api: ApiCall): Answer {
  const { sandbox, request } = api;
  const { id, call } = findRecording(api);
  const whole = sandbox.audio.bytes(id, call);
  const settings = sandbox.settings.content;
  const etag = tagOf(
    `${id} ${settings.revision} ${sandbox.audio.typeOf(id)} ${whole.length}`,
    settings.etag === "weak",
  );
  const lastModified = new Date(endMs(call)).toUTCString();
  const headers = {
    "Content-Type": sandbox.audio.typeOf(id),
    ...(settings.etag === "none" ? {} : { ETag: etag }),
    ...(settings.lastModified ? { "Last-Modified": lastModified } : {}),
    ...(settings.acceptRanges && settings.range === "honoured" ? { "Accept-Ranges": "bytes" } : {}),
    ...(settings.disposition
      ? { "Content-Disposition": disposition(request.query, id, sandbox.audio.typeOf(id)) }
      : {}),
  };
  const chunked = settings.length === "chunked";
  const stretch = wanted(api, whole.length, etag, lastModified);
  if (stretch === "unsatisfiable") {
    throw new ApiError(416, "CMN-107", "Requested range not satisfiable", {
      headers: { "Content-Range": `bytes */${whole.length}` },
    });
  }
  if (!stretch) return { status: 200, headers, body: whole, chunked };
  return partial(whole, stretch, headers, chunked);
}

/** The 206 with this stretch of a body. */
export function partial(
  whole: Buffer,
  { first, last }: Stretch,
  headers: Record<string, string>,
  chunked: boolean,
): Answer {
  const range = { ...headers, "Content-Range": `bytes ${first}-${last}/${whole.length}` };
  return { status: 206, headers: range, body: whole.subarray(first, last + 1), chunked };
}

/** The bytes follow from what is tagged here, so the tag changes when they do, and costs no reading of them. */
function tagOf(origin: string, weak: boolean): string {
  return `${weak ? "W/" : ""}"${createHash("sha256").update(origin).digest("hex").slice(0, 32)}"`;
}

function wanted({ sandbox, request }: ApiCall, size: number, etag: string, lastModified: string) {
  const settings = sandbox.settings.content;
  if (settings.range === "ignored") return undefined;
  const condition = settings.ifRange ? request.headers["if-range"] : undefined;
  // A weak tag never matches If-Range: the comparison is the strong one.
  const unchanged =
    condition === undefined ||
    (settings.etag === "strong" && condition === etag) ||
    (settings.lastModified && condition === lastModified);
  return unchanged ? rangeOf(request.headers.range, size) : undefined;
}

function disposition(query: URLSearchParams, id: string, type: string): string {
  const way = query.get("contentDisposition") === "Inline" ? "inline" : "attachment";
  const name = query.get("contentDispositionFilename") ?? `${id}.${type === "audio/mpeg" ? "mp3" : "wav"}`;
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return `${way}; filename="${plain}"${plain === name ? "" : `; filename*=UTF-8''${encodeURIComponent(name)}`}`;
}
