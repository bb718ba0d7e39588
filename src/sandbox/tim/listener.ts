import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createFront, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificates } from "./certificates.ts";
import { pause, reply } from "./reply.ts";
import type { TlsMode } from "./site-settings.ts";

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly tls: () => TlsMode;
  readonly acceptDelayMs: () => number;
  readonly closing: AbortSignal;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Told of every connection that opens (1) and closes (-1). */
  readonly connections?: (change: 1 | -1) => void;
}

/**
 * One port on 127.0.0.1 that speaks http or https, whichever the settings say when a connection comes in. The sandbox's
 * own paths are answered without TLS at any time, so that a test can always reach them.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
    const plainAllowed = options.tls() === "none" || (request.url ?? "").startsWith("/_sandbox/");
    if (!plainAllowed && !(request.socket instanceof TLSSocket))
      return reply(response, 400, "This port speaks https.\r\n", { connection: "close" });
    options.answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else reply(response, 500, `The sandbox itself failed: ${error}\r\n`);
    });
  });
  const sockets = new Set<Socket>();
  const front = createFront({ pauseOnConnect: true }, async (socket) => {
    sockets.add(socket);
    options.connections?.(1);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      options.connections?.(-1);
    });
    await pause(options.acceptDelayMs(), options.closing);
    receive(socket, options, (ready) => server.emit("connection", ready));
  });
  await new Promise<void>((resolve, reject) => {
    front.once("error", reject).listen(options.port, "127.0.0.1", resolve);
  });
  return {
    port: (front.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => front.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      server.close();
    },
  };
}

/** The first byte of a TLS connection is 22 (a handshake record); no http request begins with it. */
function receive(socket: Socket, { tls, certificates }: ListenerOptions, hand: (socket: Socket) => void): void {
  socket.once("data", (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    if (first[0] !== 22) {
      hand(socket);
      return void process.nextTick(() => socket.resume());
    }
    const mode = tls();
    if (mode === "none") return void socket.destroy();
    const secure = new TLSSocket(socket, { isServer: true, secureContext: certificates.context(mode) });
    secure.on("error", () => socket.destroy());
    hand(secure);
  });
  socket.resume();
}
