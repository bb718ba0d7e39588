import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { refusalPage } from "./page/small-pages.ts";

/** One request to the player, and where its answer goes. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the visitor has gone. */
  readonly signal: AbortSignal;
}

/** Headers of every answer: nothing from other hosts, nothing guessed, nothing told onward. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  // Under no-referrer, browsers send `Origin: null` with our own forms, which is what strangers' pages send too.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-robots-tag": "noindex",
};

/** The policy of a page that plays audio of these origins too. */
export function policyWithMedia(origins: readonly string[]): string {
  const own = safeHeaders["content-security-policy"] as string;
  return own.replace("media-src 'self'", ["media-src 'self'", ...origins].join(" "));
}

type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/** A small answer, whole. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Headers = {},
): void {
  const bytes = Buffer.from(body);
  const own = { "cache-control": "no-store", "content-type": type, "content-length": bytes.length };
  response.writeHead(status, { ...safeHeaders, ...own, ...headers } as OutgoingHttpHeaders);
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  send(response, status, "application/json; charset=utf-8", `${JSON.stringify(value)}\n`, headers);
}

/** A refusal: a sentence as JSON, and a page for whoever looks at it in a browser. */
export function refuse(response: ServerResponse, status: number, message: string, headers: Headers = {}): void {
  const all = { ...headers, vary: "accept" };
  if (!isForPerson(response.req)) {
    sendJson(response, status, { message }, all);
    return;
  }
  const retryAfter = headers["retry-after"];
  const page = refusalPage(status, message, typeof retryAfter === "number" ? retryAfter : undefined);
  send(response, status, "text/html; charset=utf-8", page, all);
}

/** Whether the answer is shown to a person: browsers ask for HTML when they open an address, and for nothing else. */
export function isForPerson({ headers, method }: IncomingMessage): boolean {
  return (method === "GET" || method === "POST") && /\btext\/html\b/i.test(headers.accept ?? "");
}

export function redirect(response: ServerResponse, location: string, headers: Headers = {}): void {
  send(response, 302, "text/plain; charset=utf-8", "", { location, ...headers });
}

/** A path on this very host, to go on to after a login. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])[^\s\\\x00-\x1f]*$/.test(next) ? next : "/";
}

/** Bytes to send, both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of a file of `size` bytes: one range, `unsatisfiable`, or undefined when the whole file is
 * the answer (no header, several ranges, or one that is not understood; RFC 9110 allows to ignore them).
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? "");
  if (match === null) return undefined;
  const [from = "", to = ""] = match.slice(1);
  if (from === "" && to === "") return undefined;
  if (from === "") return suffix(Number(to), size);
  const start = Number(from);
  if (to !== "" && Number(to) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: to === "" ? size - 1 : Math.min(Number(to), size - 1) };
}

function suffix(length: number, size: number): ByteRange | "unsatisfiable" {
  if (length === 0 || size === 0) return "unsatisfiable";
  return { start: Math.max(0, size - length), end: size - 1 };
}

/** Whether If-Range lets a range through: only our own strong tag does, for a tag is all we give out. */
export function ifRangeHolds(header: string | undefined, etag: string): boolean {
  return header === undefined || header === etag;
}

/** Whether If-None-Match names the file that the listener has already. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*");
}
