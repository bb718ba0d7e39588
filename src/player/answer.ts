import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

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

/** A refusal: a sentence as JSON. */
export function refuse(response: ServerResponse, status: number, message: string, headers: Headers = {}): void {
  sendJson(response, status, { message }, headers);
}

export function redirect(response: ServerResponse, location: string, headers: Headers = {}): void {
  send(response, 302, "text/plain; charset=utf-8", "", { location, ...headers });
}

/** A path on this very host, to go on to after a login. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])[^\s\\\x00-\x1f]*$/.test(next) ? next : "/";
}
