import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Sandbox } from "../context.ts";
import { countAtOnce, downloadsOf } from "../stats.ts";
import type { Answer } from "./answer.ts";
import { control } from "./control.ts";
import { readRequest, type SandboxRequest } from "./request.ts";
import { finished, type Routed, route } from "./router.ts";
import { send } from "./send.ts";

/** A listening port. */
export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; port 0 takes any free one. */
export async function listen(
  port: number,
  handle: (message: IncomingMessage, response: ServerResponse) => Promise<void>,
  upgrade?: (message: IncomingMessage, socket: Duplex) => void,
): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: 120_000 }, (message, response) => {
    handle(message, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "Content-Type": "text/plain" }).end(`sandbox defect: ${(error as Error).stack}`);
    });
  });
  const upgraded = new Set<Duplex>();
  if (upgrade !== undefined) {
    server.on("upgrade", (message, socket) => {
      upgraded.add(socket);
      socket.on("close", () => upgraded.delete(socket));
      upgrade(message, socket);
    });
  }
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", done);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

/** Answers one request of the API or the media port, and counts what it did. */
export async function serve(
  sandbox: Sandbox,
  host: "api" | "media",
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { stats, events, sessions, users } = sandbox;
  const isToken = host === "api" && message.url?.startsWith("/restapi/oauth/token");
  const ends = [countAtOnce(stats.requestsAtOnce), ...(isToken ? [countAtOnce(stats.tokenRequestsAtOnce)] : [])];
  if (isToken) stats.tokenRequests += 1;
  const request = await readRequest(message);
  try {
    if (request.path.startsWith("/_sandbox/")) return await answerControl(sandbox, host, request, response);
    stats.requests += 1;
    const target = decodeURIComponentSafely(request.target);
    const leaks =
      request.query.has("access_token") || sessions.mentioned(target) || users.some(({ jwt }) => target.includes(jwt));
    if (leaks) stats.tokensInUrls += 1;
    const routed = await route(sandbox, host, request);
    const { status } = routed.answer;
    events.record({
      kind: "request",
      host,
      method: request.method,
      path: request.path,
      route: routed.route,
      status,
      leaks,
    });
    await deliver(sandbox, request, response, routed);
  } finally {
    finished(sandbox, request);
    for (const end of ends) end();
  }
}

async function deliver(
  sandbox: Sandbox,
  request: SandboxRequest,
  response: ServerResponse,
  routed: Routed,
): Promise<void> {
  const { answer, recording } = routed;
  const isAudio = routed.route === "content" && recording !== undefined && [200, 206].includes(answer.status);
  const downloads = isAudio ? downloadsOf(sandbox.stats, recording) : undefined;
  if (downloads) {
    downloads.started += 1;
    if (answer.status === 206) downloads.ranges += 1;
  }
  const chunked = answer.chunked ?? (answer.json !== undefined && jsonIsChunked(sandbox));
  const complete = await send(
    response,
    { ...answer, chunked },
    { ...vendorHeaders(sandbox, answer), ...routed.headers },
  );
  if (downloads && complete && answer.status === 200) downloads.whole += 1;
  if (isAudio) {
    const { method } = request;
    sandbox.events.record({
      kind: "content",
      recording,
      method,
      status: answer.status,
      bytes: answer.body?.length,
      complete,
    });
  }
}

function vendorHeaders({ clock }: Sandbox, answer: Answer): Record<string, string> {
  return {
    Date: new Date(clock.now()).toUTCString(),
    Server: "nginx",
    RCRequestId: randomUUID(),
    RoutingKey: "SJC11P01",
    "Content-Language": "en-US",
    ...(answer.json === undefined ? {} : { "Content-Type": "application/json;charset=UTF-8" }),
  };
}

function jsonIsChunked({ settings, stats }: Sandbox): boolean {
  const { length } = settings.answers;
  return length === "alternate" ? stats.requests % 2 === 0 : length === "chunked";
}

async function answerControl(
  sandbox: Sandbox,
  host: "api" | "media",
  request: SandboxRequest,
  response: ServerResponse,
): Promise<void> {
  const answer = host === "api" ? control(sandbox, request) : { status: 404, json: { error: "use the API port" } };
  await send(response, answer, { "Content-Type": "application/json" });
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
