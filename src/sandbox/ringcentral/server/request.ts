import type { IncomingMessage } from "node:http";

/** A request, parsed: the path without query, and the query apart. */
export interface SandboxRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The path and query as sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads a request with its body of at most a megabyte. */
export async function readRequest(message: IncomingMessage): Promise<SandboxRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size <= 1_000_000) chunks.push(chunk);
  }
  const target = message.url ?? "/";
  const url = new URL(target, "http://sandbox.invalid");
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    method: message.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    target,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString("utf8"),
  };
}
