import type { IncomingMessage, ServerResponse } from "node:http";
import { patchSettings } from "./patch-settings.ts";
import { reply } from "./reply.ts";
import type { Site } from "./site.ts";

const json = { "content-type": "application/json; charset=utf-8" };

/** What a test asks of a sandbox that runs in another process. */
interface Control {
  readonly settings?: unknown;
  /** Moves the sandbox's clock. */
  readonly advanceMs?: unknown;
  /** Forgets events and statistics. */
  readonly clear?: unknown;
}

/**
 * The sandbox's own paths: `POST /_sandbox/control` takes `{ settings, advanceMs, clear }`, `GET /_sandbox/events`
 * (`?since=N`), `/_sandbox/stats`, `/_sandbox/settings` and `/_sandbox/rows` answer JSON. False for any other path.
 */
export async function answerControl(site: Site, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://sandbox");
  if (!pathname.startsWith("/_sandbox/")) return false;
  const show = (value: unknown) => reply(response, 200, JSON.stringify(value), json);
  const since = Number(searchParams.get("since") ?? 0);
  const pages: Record<string, () => void> = {
    "GET /_sandbox/events": () => show(site.events.all().filter((event) => event.seq > since)),
    "GET /_sandbox/stats": () => show(site.stats.copy()),
    "GET /_sandbox/settings": () => show(site.settings),
    "GET /_sandbox/rows": () => show(site.rows),
  };
  const page = pages[`${request.method} ${pathname}`];
  if (page) page();
  else if (request.method === "POST" && pathname === "/_sandbox/control") await take(site, request, response);
  else reply(response, 404, JSON.stringify({ error: "no such control" }), json);
  return true;
}

async function take(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const control = JSON.parse(await bodyOf(request)) as Control;
    const unknown = Object.keys(control).find((name) => !["settings", "advanceMs", "clear"].includes(name));
    if (unknown) throw new TypeError(`${unknown} is not known: settings, advanceMs, clear`);
    if (control.advanceMs !== undefined && !Number.isFinite(control.advanceMs))
      throw new TypeError("advanceMs must be a number");
    if (control.settings !== undefined) patchSettings(site.settings, control.settings);
    if (control.advanceMs !== undefined) site.clock.advance(control.advanceMs as number);
    if (control.clear) {
      site.events.clear();
      site.stats.clear();
    }
    reply(response, 200, JSON.stringify({ now: site.clock.now(), settings: site.settings }), json);
  } catch (error) {
    reply(response, 400, JSON.stringify({ error: (error as Error).message }), json);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > 1_048_576) throw new TypeError("the body is larger than a mebibyte");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
