import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { Receiver } from "../../src/core/model/ports.ts";
import type { ResponseHead } from "../../src/core/model/recording.ts";
import { openHttp } from "../../src/http/client.ts";

const never = new AbortController().signal;
const opened: { close(): unknown }[] = [];
const text = Buffer.from("RIFF and some more, again and again. ".repeat(5000));

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function get(listener: RequestListener, signal = never) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const http = openHttp({ connections: 2, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "t" });
  opened.push({
    close: async () => {
      await http[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  });
  return http.request({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x` }, signal);
}

function encoded(name: string, body: Uint8Array, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { "content-encoding": name, "content-length": body.length, ...headers });
    response.end(body);
  };
}

// Node 22 has zstd too, but takes what is cut for whole.
const noticesCuts = Number(process.versions.node.split(".")[0]) >= 24;
const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
const zstd = noticesCuts ? zstdCompressSync : undefined;

describe("encodings", () => {
  it.each([
    ["gzip", zlib.gzipSync(text)],
    ["x-gzip", zlib.gzipSync(text)],
    ["GZIP", zlib.gzipSync(text)],
    ["deflate", zlib.deflateSync(text)],
    ["deflate", zlib.deflateSync(text, { level: 1 })],
    ["deflate", zlib.deflateRawSync(text)],
    ["deflate", zlib.deflateRawSync(text, { level: 0 })],
    ["br", zlib.brotliCompressSync(text)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(text))],
    ["deflate, identity, gzip", zlib.gzipSync(zlib.deflateRawSync(text))],
    ["identity", text],
    ["none", text],
    ["", text],
    ["gzip", text],
    ["gzip", Buffer.concat([zlib.gzipSync(text.subarray(0, 99)), zlib.gzipSync(text.subarray(99))])],
  ])("reads %s", async (name, body) => {
    const answer = await get(encoded(name, body));
    expect(answer.body.equals(text)).toBe(true);
  });

  it("reads zstd, or says which Node can", async () => {
    const answer = get(encoded("zstd", zstdCompressSync?.(text) ?? text));
    if (zstd === undefined) await expect(answer).rejects.toThrow("Node 24");
    else expect((await answer).body.equals(text)).toBe(true);
  });

  it("reads bytes one by one, and without an announced length", async () => {
    const body = zlib.gzipSync(text.subarray(0, 200));
    const answer = await get(async (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      for (const byte of body) {
        response.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    expect(answer.body.equals(text.subarray(0, 200))).toBe(true);
  });

  it("takes an empty body as empty, and a refusal's body as its words", async () => {
    expect((await get(encoded("gzip", Buffer.alloc(0)))).body.length).toBe(0);
    const refusal = await get((_request, response) => {
      response.writeHead(403, { "content-encoding": "br" });
      response.end(zlib.brotliCompressSync('{"errorCode":"CMN-102"}'));
    });
    expect(refusal.body.toString()).toBe('{"errorCode":"CMN-102"}');
  });

  it("hides the encoded length and leaves the other headers", async () => {
    const { headers } = await get(encoded("gzip", zlib.gzipSync(text), { etag: '"a"' }));
    expect(headers["content-length"]).toBeUndefined();
    expect(headers["content-encoding"]).toBeUndefined();
    expect(headers.etag).toBe('"a"');
  });
});

describe("what is not whole", () => {
  it.each<[string, Buffer]>([
    ["gzip", zlib.gzipSync(text)],
    ["deflate", zlib.deflateSync(text)],
    ["deflate", zlib.deflateRawSync(text)],
    ["br", zlib.brotliCompressSync(text)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(text).subarray(0, 200))],
    ...(zstd === undefined ? [] : [["zstd", zstd(text)] satisfies [string, Buffer]]),
  ])("refuses %s that ends early, to be tried again", async (name, body) => {
    const cut = body.subarray(0, name === "gzip, br" ? body.length : Math.floor(body.length / 2));
    await expect(get(encoded(name, cut))).rejects.toMatchObject({ verdict: "retry", code: "wrong-length" });
  });

  it("refuses damaged bytes, to be tried again", async () => {
    const body = zlib.gzipSync(text);
    body.fill(0xff, 12, 60);
    await expect(get(encoded("gzip", body))).rejects.toMatchObject({ verdict: "retry" });
  });

  it("refuses an unknown encoding by name, and more than three", async () => {
    await expect(get(encoded("sn\tappy", text))).rejects.toThrow(/encoded with snappy/);
    await expect(get(encoded("constructor", text))).rejects.toMatchObject({ code: "bad-answer" });
    await expect(get(encoded("gzip,gzip,gzip,gzip", text))).rejects.toMatchObject({ code: "bad-answer" });
  });

  it("starts over where a part comes encoded", async () => {
    const answer = get((_request, response) => {
      response.writeHead(206, { "content-encoding": "gzip", "content-range": "bytes 5-9/10" });
      response.end(zlib.gzipSync("56789"));
    });
    await expect(answer).rejects.toMatchObject({ code: "changed", verdict: "retry" });
  });
});

describe("bounds", () => {
  it("stops a small answer that unpacks to a large one", async () => {
    await expect(get(encoded("gzip", zlib.gzipSync(Buffer.alloc(40 << 20))))).rejects.toThrow(/larger than/);
    const bomb = zlib.brotliCompressSync(Buffer.alloc(200 << 20), {
      params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 },
    });
    let bytes = 0;
    const receiver: Receiver = {
      head() {},
      chunk: (chunk) => {
        bytes += chunk.length;
      },
    };
    await expect(stream(bomb, receiver)).rejects.toThrow(/unpacks to far more/);
    expect(bytes).toBeLessThan(66 << 20);
  });

  it("gives out no faster than the receiver takes", async () => {
    const waits: (() => void)[] = [];
    let taken = 0;
    let head: ResponseHead | undefined;
    const receiver: Receiver = {
      head: (arrived) => {
        head = arrived;
      },
      chunk: (bytes) => {
        taken += bytes.length;
        return new Promise((resolve) => waits.push(resolve));
      },
    };
    let ended = false;
    const done = stream(zlib.gzipSync(text), receiver).then(() => {
      ended = true;
    });
    while (!ended) {
      expect(waits.length).toBeLessThanOrEqual(1);
      waits.pop()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(taken).toBe(text.length);
    expect(head?.status).toBe(200);
  });
});

async function stream(body: Uint8Array, receiver: Receiver): Promise<void> {
  const server = createServer(encoded(body[0] === 0x1f ? "gzip" : "br", body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const http = openHttp({ connections: 2, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "t" });
  try {
    await http.stream({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x` }, receiver, never);
  } finally {
    await http[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  }
}
