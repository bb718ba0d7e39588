import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RecordingError } from "../../core/errors.ts";

/** The address on this machine that a browser login returns to. */
export interface Loopback extends AsyncDisposable {
  readonly redirectUri: string;
  /** The code of the first visit that belongs to the login; rejects when the login was declined. */
  readonly code: Promise<string>;
}

const path = "/oauth2callback";

/**
 * Listens on this machine only. `read` gives the code of an address, undefined when the visit does not belong to this
 * login (it is turned away and the login goes on), and throws when the login was declined.
 */
export async function openLoopback(port: number, read: (address: URL) => string | undefined): Promise<Loopback> {
  let resolve: (code: string) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const code = new Promise<string>((...settle) => {
    [resolve, reject] = settle;
  });
  code.catch(() => {});
  const visit = (request: IncomingMessage, response: ServerResponse) => {
    const address = new URL(request.url ?? "/", "http://localhost");
    if (request.method !== "GET" || address.pathname !== path) return page(response, 404, "Nothing here.");
    try {
      const found = read(address);
      if (found === undefined) return page(response, 400, "This does not belong to the login under way.");
      page(response, 200, "Logged in. You can close this window and go back to the terminal.");
      resolve(found);
    } catch (error) {
      page(response, 200, "The login was declined. You can close this window.");
      reject(error);
    }
  };
  const first = await listen(visit, "127.0.0.1", port);
  const { port: taken } = first.address() as AddressInfo;
  // A browser may take "localhost" for either of the two addresses; a machine without IPv6 has only the first.
  const second = await listen(visit, "::1", taken).catch(() => undefined);
  return {
    redirectUri: `http://localhost:${taken}${path}`,
    code,
    async [Symbol.asyncDispose]() {
      for (const server of [first, second]) {
        server?.close();
        server?.closeIdleConnections();
      }
    },
  };
}

function listen(visit: (request: IncomingMessage, response: ServerResponse) => void, host: string, port: number) {
  return new Promise<Server>((resolve, reject) => {
    const server = createServer(visit);
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new RecordingError(
          "usage",
          `Port ${port} for the browser login cannot be used (${error.code ?? "error"}). Choose another with --redirect-port and register its redirect URI with the app.`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(`<!doctype html><title>callreel</title><p>${text}</p>`);
}
