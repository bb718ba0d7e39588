import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CallsServer } from "./calls-server.ts";

/** One request that waits for the test to answer it, as slowly as the test likes. */
export interface HeldRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Sends what is in `body` up to byte `to`, and goes on from there the next time. */
  upTo(to: number): Promise<void>;
  /** Sends the rest. */
  rest(): Promise<void>;
  /** Breaks the connection. */
  cut(): void;
}

export interface HeldServer extends CallsServer {
  /** The `nth` request (from 1), as soon as it is here. */
  request(nth: number, body: Buffer, head?: Head): Promise<HeldRequest>;
}

interface Head {
  readonly status?: number;
  /** Added to the content type and, unless it is undefined here, the length. */
  readonly headers?: Readonly<Record<string, string | number | undefined>>;
  /** Where in `body` the answer begins. */
  readonly from?: number;
}

/** A real HTTP server on which nothing happens unless the test says so. */
export async function serveHeld(): Promise<HeldServer> {
  const arrived: [IncomingMessage, ServerResponse][] = [];
  const requests = new Map<string, number>();
  let come = () => {};
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? "";
    requests.set(id, (requests.get(id) ?? 0) + 1);
    arrived.push([request, response]);
    come();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async request(nth, body, { status = 200, headers = {}, from = 0 } = {}) {
      while (arrived.length < nth) {
        await new Promise<void>((resolve) => {
          come = resolve;
        });
      }
      const [request, response] = arrived[nth - 1]!;
      const all = { "content-type": "audio/wav", "content-length": body.length - from, ...headers };
      response.writeHead(status, Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
      let at = from;
      const upTo = (to: number) => {
        const piece = body.subarray(at, to);
        at = Math.max(at, to);
        return new Promise<void>((resolve, reject) => {
          response.write(piece, (error) => (error ? reject(error) : resolve()));
        });
      };
      return {
        request,
        response,
        upTo,
        async rest() {
          await upTo(body.length);
          await new Promise<void>((resolve) => response.end(resolve));
        },
        cut: () => response.destroy(),
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
