import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import type { Site } from "./site.ts";

export const htmlPage =
  "<!DOCTYPE html><html><head><title>TIM Enterprise</title></head><body><h1>TIM Enterprise</h1><p>Please log in.</p></body></html>";

/** Answers with a small text. */
export function reply(
  response: ServerResponse,
  status: number,
  body = "",
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
  if (!response.hasHeader("content-type")) response.setHeader("content-type", "text/plain; charset=utf-8");
  if (!response.hasHeader("content-length")) response.setHeader("content-length", Buffer.byteLength(body));
  response.writeHead(status).end(response.req.method === "HEAD" ? undefined : body);
}

/** Breaks the connection as a crashed server does. */
export function reset(request: IncomingMessage): void {
  const { socket } = request;
  if ("resetAndDestroy" in socket && !("encrypted" in socket)) socket.resetAndDestroy();
  else socket.destroy();
}

/** Carries out a fault that stands before the answer; true when nothing more is to be sent. */
export async function strike(fault: Fault, response: ServerResponse, site: Site): Promise<boolean> {
  switch (fault.do) {
    case "status": {
      const wait = fault.retryAfter === undefined ? undefined : { "retry-after": fault.retryAfter };
      reply(response, fault.status ?? 503, "The service is unavailable.\r\n", wait);
      return true;
    }
    case "html":
      reply(response, 200, htmlPage, { "content-type": "text/html; charset=utf-8" });
      return true;
    case "json":
      reply(response, 200, '{"error":"internal"}', { "content-type": "application/json" });
      return true;
    case "empty":
      reply(response, 200);
      return true;
    case "reset":
      reset(response.req);
      return true;
    case "hang":
      return true;
    case "delay":
      if (fault.advanceMs) site.clock.advance(fault.advanceMs);
      await pause(fault.ms ?? 0, site.closing);
      return response.destroyed;
    default:
      return false;
  }
}

/** Waits in real time; ends early when the sandbox closes. */
export async function pause(ms: number, closing: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: closing, ref: false }).catch(() => undefined);
}
