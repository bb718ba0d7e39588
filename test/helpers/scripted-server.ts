import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path with its query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Date.now() when the whole request was here. */
  readonly atMs: number;
}

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Uint8Array | object;
  /** Milliseconds before the head is sent. */
  readonly delayMs?: number;
  /** Cuts the connection instead of answering. */
  readonly hangUp?: boolean;
}

export type Script = (request: SeenRequest, response: ServerResponse) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** A real HTTP server on 127.0.0.1 that answers as the script says and remembers what it was asked. */
export interface ScriptedServer extends AsyncDisposable {
  readonly origin: string;
  readonly seen: SeenRequest[];
  /** Replaces the script. */
  play(script: Script): void;
}

export async function openScriptedServer(script: Script): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  let current = script;
  // No connection ends between two requests because the machine, or this process, was busy.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const entry: SeenRequest = {
      method: request.method ?? "GET",
      url: request.url ?? "/",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
      atMs: Date.now(),
    };
    seen.push(entry);
    send(response, await current(entry, response));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    play(next) {
      current = next;
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer.hangUp === true) {
    response.destroy();
    return;
  }
  const { body = "" } = answer;
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const type: Record<string, string> = raw ? {} : { "content-type": "application/json;charset=UTF-8" };
  const write = () => {
    response.writeHead(answer.status ?? 200, { ...type, ...answer.headers });
    response.end(raw ? body : JSON.stringify(body));
  };
  if (answer.delayMs === undefined) write();
  else setTimeout(write, answer.delayMs);
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
