import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands before an S3 server and passes all on as it came, signatures included; what `holds` chooses is passed on, and its answer never given. */
export interface BucketProxy extends AsyncDisposable {
  readonly endpoint: string;
  holds: (request: IncomingMessage) => boolean;
  /** Requests that the server has answered and the client will never hear of. */
  readonly held: readonly string[];
  /** `METHOD path` of all, and the Range header where there was one. */
  readonly seen: string[];
}

export async function openBucketProxy(endpoint: string): Promise<BucketProxy> {
  const { hostname, port } = new URL(endpoint);
  const held: string[] = [];
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    seen.push([method, url, headers.range].filter(Boolean).join(" "));
    const passed = send({ hostname, port, method, path: url, headers }, (answer) => {
      if (proxy.holds(request)) {
        answer.resume().on("end", () => held.push(url ?? ""));
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: BucketProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holds: () => false,
    held,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
