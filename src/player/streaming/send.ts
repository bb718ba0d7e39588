import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { RecordingError } from "../../core/model/errors.ts";
import type { AudioType, Stored } from "../../core/model/recording.ts";
import type { PresignedUrls, Reading, Store } from "../../core/model/store.ts";
import { ifRangeHolds, isKnown, rangeOf, redirect, refuse, safeHeaders, type Visit } from "../respond.ts";
import type { Growing } from "./growing-recording.ts";
import { isStored, openPart } from "./stored-audio.ts";

/**
 * Sends a recording or a part of it; false, with nothing sent, when its file is not there. The tag is the SHA-256 of
 * the whole file, so that a listener can hold what came against the archive.
 */
export async function sendAudio(
  request: IncomingMessage,
  response: ServerResponse,
  store: Store,
  stored: Stored,
  downloadAs: string | undefined,
): Promise<boolean> {
  const { bytes: size, contentType, sha256 } = stored;
  const etag = `"${sha256}"`;
  const headers = {
    ...audioHeaders(contentType, downloadAs),
    "accept-ranges": "bytes",
    etag,
  };
  const known = isKnown(request.headers["if-none-match"], etag);
  const { range: asked, "if-range": ifRange } = request.headers;
  const range = ifRangeHolds(ifRange?.toString(), etag) ? rangeOf(asked, size) : undefined;
  const { start, end } = range === undefined || range === "unsatisfiable" ? { start: 0, end: size - 1 } : range;
  const isRead = request.method !== "HEAD" && size > 0 && !known && range !== "unsatisfiable";
  await using reading = isRead ? await openPart(store, stored, { start, end }) : undefined;
  if (isRead ? reading === undefined : !(await isStored(store, stored))) return false;
  if (known) {
    response.writeHead(304, headers).end();
    return true;
  }
  if (range === "unsatisfiable") {
    refuse(response, 416, "The recording ends before that.", { "content-range": `bytes */${size}` });
    return true;
  }
  const part = range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${size}` };
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...part, "content-length": end - start + 1 });
  if (reading === undefined) response.end();
  else await pipeline(ownBytes(reading), response).catch(ignoreCut);
  return true;
}

/** Copies, for a listener may take a chunk later than it is good for. */
async function* ownBytes({ bytes }: Reading): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield Buffer.from(chunk);
}

/** So much is read for a listener at once; what a slow one does not take stays on the disk. */
const pieceSize = 64 * 1024;

/**
 * Sends a recording that is still on its way (and held), or a part of it, as it comes in. Without a tag, for the hash is
 * not known yet; an If-Range therefore never holds. The connection is cut when the recording breaks off.
 */
export async function sendGrowing(
  { request, response, signal }: Pick<Visit, "request" | "response" | "signal">,
  growing: Growing,
  download: boolean,
): Promise<void> {
  const { total, contentType, name } = growing;
  const { range: asked, "if-range": ifRange } = request.headers;
  const range = total === undefined || ifRange !== undefined ? undefined : rangeOf(asked, total);
  const headers = {
    ...audioHeaders(contentType, download ? name : undefined),
    "accept-ranges": total === undefined ? "none" : "bytes",
  };
  if (range === "unsatisfiable") {
    return refuse(response, 416, "The recording ends before that.", { "content-range": `bytes */${total}` });
  }
  const { start, end } = range ?? { start: 0, end: total === undefined ? Infinity : total - 1 };
  const part = range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${total}` };
  const length = total === undefined ? {} : { "content-length": end - start + 1 };
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...part, ...length });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  // The first byte asked for may be long in coming.
  response.flushHeaders();
  await pipeline(bytesOf(growing, start, end, signal), response).catch(ignoreCut);
}

async function* bytesOf(growing: Growing, start: number, end: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = start; at <= end; ) {
    const piece = await growing.read(at, Math.min(pieceSize, end + 1 - at), signal);
    if (piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}

/** Besides the time that the recording itself lasts: to begin, to pause, and to go back. */
const spareSeconds = 15 * 60;
/** Stores sign for a week at most; a length that a damaged file claims is not believed that far. */
const mostSeconds = 12 * 3600;

/** Sends a listener on to the store, with a URL that is good for this recording and a while; false, with nothing sent, when its file is not there. */
export async function sendToStore(
  response: ServerResponse,
  { store, presigned }: { readonly store: Store; readonly presigned: PresignedUrls },
  stored: Stored,
  downloadAs: string | undefined,
): Promise<boolean> {
  if (!(await isStored(store, stored))) return false;
  const { path, contentType, audioSeconds = 0 } = stored;
  const seconds = Math.min(spareSeconds + Math.ceil(audioSeconds), mostSeconds);
  const as = { contentType, seconds, ...(downloadAs === undefined ? {} : { downloadAs }) };
  redirect(response, await presigned.urlOf(path, as), { "cross-origin-resource-policy": "cross-origin" });
  return true;
}

function audioHeaders(contentType: AudioType, downloadAs: string | undefined): Record<string, string> {
  return {
    ...safeHeaders,
    // Other pages of the same site may embed a recording. No other site gets here: its requests are refused, and the
    // strict cookie stays out of them. "same-site" would shut out sites that have no domain, as 127.0.0.1.
    "cross-origin-resource-policy": "cross-origin",
    // Asked for anew each time, for whoever logs out must not hear it again; the tag keeps that cheap.
    "cache-control": "private, no-cache",
    "content-type": contentType,
    ...(downloadAs === undefined ? {} : { "content-disposition": attachment(downloadAs) }),
  };
}

/** Whoever is cut off here has a connection that broke off, and may ask for the rest. */
function ignoreCut(error: unknown): void {
  const left = error instanceof Error && error.name === "AbortError";
  if (!left && !(error instanceof RecordingError)) ignoreGone(error as NodeJS.ErrnoException);
}

/** A listener who goes away in the middle is no error. */
function ignoreGone(error: NodeJS.ErrnoException): void {
  const gone = ["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE", "ERR_STREAM_DESTROYED"];
  if (!gone.includes(error.code ?? "")) throw error;
}

function attachment(name: string): string {
  const plain = name.replace(/[^\w.+-]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}`;
}
