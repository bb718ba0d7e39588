import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request to a bucket, with its whole body. */
export interface BucketRequest {
  readonly method: string;
  /** Without the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Answers itself and gives true, or leaves the request to the well-behaved store behind it. */
export type Rudeness = (
  request: BucketRequest,
  response: ServerResponse,
  store: () => void,
) => boolean | undefined | Promise<boolean | undefined>;

/** A store that does as S3 says, for one bucket `calls`, but where a test lets it be rude. It checks no signature. */
export interface RudeBucket extends AsyncDisposable {
  readonly endpoint: string;
  readonly objects: Map<string, { readonly body: Buffer; readonly headers: IncomingMessage["headers"] }>;
  readonly seen: BucketRequest[];
  rudeness: Rudeness;
}

export async function openRudeBucket(): Promise<RudeBucket> {
  const objects: RudeBucket["objects"] = new Map();
  const seen: BucketRequest[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const key = decodeURIComponent(url.pathname.slice("/calls/".length));
    const { method = "GET", headers } = request;
    const asked = { method, key, query: url.searchParams, headers, body: Buffer.concat(chunks) };
    seen.push(asked);
    const put = () => void objects.set(key, { body: asked.body, headers });
    if (await bucket.rudeness(asked, response, put)) return;
    behave(asked, response, put);
  }

  function behave(request: BucketRequest, response: ServerResponse, put: () => void): void {
    const object = objects.get(request.key);
    if (request.method === "PUT") {
      const fault = faultOf(request, object !== undefined);
      if (fault === undefined) {
        put();
        response.setHeader("etag", etagOf(request.body)).end();
      } else refuse(response, ...fault);
    } else if (object === undefined) refuse(response, 404, "NoSuchKey");
    else {
      for (const [name, value] of Object.entries(object.headers)) {
        if (/^(x-amz-meta|x-amz-object|content-type)/.test(name)) response.setHeader(name, value ?? "");
      }
      response.setHeader("content-length", object.body.length);
      response.setHeader("etag", etagOf(object.body));
      response.end(request.method === "HEAD" ? undefined : object.body);
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bucket: RudeBucket = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    seen,
    rudeness: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return bucket;
}

/** An error as S3 writes it. */
export function refuse(response: ServerResponse, status: number, code: string, more = ""): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code>${more}</Error>`);
}

function faultOf({ headers, body }: BucketRequest, stands: boolean): [status: number, code: string] | undefined {
  const hash = createHash("sha256").update(body).digest("hex");
  if (hash !== headers["x-amz-content-sha256"]) return [400, "XAmzContentSHA256Mismatch"];
  return stands && headers["if-none-match"] === "*" ? [412, "PreconditionFailed"] : undefined;
}

function etagOf(body: Uint8Array): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}
