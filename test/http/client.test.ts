import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Receiver } from "../../src/core/model/ports.ts";
import type { ResponseHead } from "../../src/core/model/recording.ts";
import { type Http, type HttpSettings, openHttp, type RequestLog } from "../../src/http/client.ts";

const settings: HttpSettings = {
  connections: 4,
  connectTimeoutMs: 30_000,
  timeoutMs: 30_000,
  userAgent: "callreel/test",
};
const never = new AbortController().signal;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await listen(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close() {
      (server as Server).closeAllConnections?.();
      server.close();
    },
  });
}

function open(change: Partial<HttpSettings> = {}, log?: (entry: RequestLog) => void): Http {
  const http = openHttp({ ...settings, ...change }, log);
  opened.push({ close: () => http[Symbol.asyncDispose]() });
  return http;
}

function collecting(change: Partial<Receiver> = {}) {
  const chunks: Uint8Array[] = [];
  let head: ResponseHead | undefined;
  const receiver: Receiver = {
    head: (arrived) => {
      head = arrived;
    },
    chunk: (bytes) => {
      chunks.push(bytes);
    },
    ...change,
  };
  return { receiver, text: () => Buffer.concat(chunks).toString(), head: () => head };
}

describe("request", () => {
  it("gives any status with its headers in lower case and its body", async () => {
    const url = await serve((request, response) => {
      response.writeHead(404, { "X-Rate-Limit-Group": "heavy" });
      response.end(`${request.method} ${request.headers["user-agent"]} ${request.headers["accept-encoding"]}`);
    });
    const answer = await open().request({ url }, never);
    expect(answer.status).toBe(404);
    expect(answer.headers["x-rate-limit-group"]).toBe("heavy");
    expect(answer.body.toString()).toBe("GET callreel/test identity");
  });

  it("sends the path and query byte for byte: a signed URL must not be tidied up", async () => {
    const url = await serve((request, response) => response.end(request.url));
    const path = "/a%5Cb/../c?x='%20|~";
    expect((await open().request({ url: `${url}${path}` }, never)).body.toString()).toBe(path);
    expect((await open().request({ url: `${url}?q=1#part` }, never)).body.toString()).toBe("/?q=1");
  });

  it("posts a body", async () => {
    const url = await serve((request, response) => request.pipe(response));
    const answer = await open().request({ url, method: "POST", body: "grant_type=x" }, never);
    expect(answer.body.toString()).toBe("grant_type=x");
  });

  it("refuses a body larger than asked for", async () => {
    const url = await serve((_, response) => response.end("x".repeat(2000)));
    await expect(open().request({ url, maxBytes: 1000 }, never)).rejects.toMatchObject({ code: "bad-answer" });
  });

  it("does not follow redirects: the caller decides where a credential goes", async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: "http://127.0.0.2/" }).end());
    expect((await open().request({ url }, never)).status).toBe(302);
  });
});

describe("stream", () => {
  it("pauses the connection while the receiver is busy, and loses nothing", async () => {
    const url = await serve((_, response) => response.end("a".repeat(500_000)));
    let busy = 0;
    const sink = collecting();
    const receiver: Receiver = {
      head: sink.receiver.head,
      async chunk(bytes) {
        expect(busy).toBe(0);
        busy += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
        sink.receiver.chunk(bytes);
        busy -= 1;
      },
    };
    await open().stream({ url }, receiver, never);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sink.text().length).toBe(500_000);
  });

  it("throws what the receiver throws, at the head or in the body, and cuts the connection", async () => {
    const cuts: Promise<void>[] = [];
    const url = await serve((request, response) => {
      cuts.push(new Promise((resolve) => request.socket.on("close", () => resolve())));
      response.write("audio");
    });
    const refusal = new RecordingError("not-audio", "a web page");
    const throwing = () => {
      throw refusal;
    };
    await expect(open().stream({ url }, collecting({ head: throwing }).receiver, never)).rejects.toBe(refusal);
    await expect(open().stream({ url }, collecting({ chunk: throwing }).receiver, never)).rejects.toBe(refusal);
    const later = () => Promise.reject(refusal);
    await expect(open().stream({ url }, collecting({ chunk: later }).receiver, never)).rejects.toBe(refusal);
    await Promise.all(cuts);
    expect(cuts.length).toBe(3);
  });

  it("ends with the signal's reason when it aborts, before or during the answer", async () => {
    const url = await serve((_, response) => void response.write("audio"));
    const reason = new RecordingError("interrupted", "stop");
    await expect(open().stream({ url }, collecting().receiver, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const running = open().stream(
      { url },
      collecting({ chunk: () => controller.abort(reason) }).receiver,
      controller.signal,
    );
    await expect(running).rejects.toBe(reason);
  });
});

describe("socket errors are told apart", () => {
  it("nobody listens", async () => {
    await expect(open().request({ url: "http://127.0.0.1:1/" }, never)).rejects.toMatchObject({
      code: "unreachable",
      message: "127.0.0.1:1: connection refused.",
      unsent: true,
    });
  });

  it("the host name does not exist", async () => {
    await expect(open().request({ url: "http://no-such-host.invalid/" }, never)).rejects.toMatchObject({
      code: "unreachable",
    });
  });

  it("the connection breaks before or within the body", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/early") {
        request.socket.destroy();
        return;
      }
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      setTimeout(() => request.socket.destroy(), 20);
    });
    await expect(open().request({ url: `${url}/early` }, never)).rejects.toMatchObject({
      code: "reset",
      verdict: "retry",
      unsent: false,
    });
    await expect(open().request({ url: `${url}/late` }, never)).rejects.toMatchObject({ code: "reset" });
  });

  it("the server stays silent before or within the body", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/body") response.write("half");
    });
    const impatient = open({ timeoutMs: 500 });
    await expect(impatient.request({ url: `${url}/head` }, never)).rejects.toMatchObject({ code: "timeout" });
    await expect(impatient.request({ url: `${url}/body` }, never)).rejects.toMatchObject({ code: "timeout" });
  });

  it("what answers is not HTTP", async () => {
    const server = createTcpServer((socket) => socket.on("data", () => socket.write("SSH-2.0-OpenSSH\r\n")));
    await listen(server);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(open().request({ url }, never)).rejects.toMatchObject({ code: "bad-answer", verdict: "retry" });
  });
});

it("logs each request without its query, with RingCentral's request id", async () => {
  const entries: RequestLog[] = [];
  const url = await serve((_, response) => response.writeHead(200, { RCRequestId: "ab-12<script>" }).end("ok"));
  await open({}, (entry) => entries.push(entry)).request({ url: `${url}/audio?access_token=secret` }, never);
  await open({}, (entry) => entries.push(entry))
    .request({ url: "http://127.0.0.1:1/x?y" }, never)
    .catch(() => {});
  expect(entries).toMatchObject([
    { method: "GET", url: `${url}/audio`, status: 200, requestId: "ab-12script" },
    { method: "GET", url: "http://127.0.0.1:1/x", status: undefined },
  ]);
  expect(JSON.stringify(entries)).not.toContain("secret");
});

describe("a proxy", () => {
  async function openProxy({ tunnels = true, login = "" } = {}) {
    const asked: string[] = [];
    const knows = (header: string | undefined) =>
      login === "" || header === `Basic ${Buffer.from(login).toString("base64")}`;
    const proxy = createServer(({ method, url, headers }, response) => {
      asked.push(`${method} ${url} for ${headers.host}`);
      response.statusCode = knows(headers["proxy-authorization"]) ? 200 : 407;
      response.end("proxied !");
    });
    proxy.on("connect", (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      const status = knows(request.headers["proxy-authorization"]) ? (tunnels ? 200 : 403) : 407;
      socket.end(`HTTP/1.1 ${status} X\r\n\r\n`);
    });
    await listen(proxy);
    return { asked, url: (user = "") => `http://${user}127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  }
  const plain = "http://example.invalid/x?y=%20";

  it("is asked for plain http by the whole address, except for hosts that are exempt", async () => {
    const proxy = await openProxy();
    const direct = await serve((_, response) => response.end("direct"));
    const exempt = open({ proxy: { http: proxy.url(), none: "10.0.0.0/8, 127.0.0.0/8" } });
    expect((await exempt.request({ url: direct }, never)).body.toString()).toBe("direct");
    const answer = await open({ proxy: { http: proxy.url() } }).request({ url: plain }, never);
    expect(answer.body.toString()).toBe("proxied !");
    expect(proxy.asked).toEqual([`GET ${plain} for example.invalid`]);
  });

  it("opens a tunnel for https, or is named as what does not", async () => {
    const proxy = await openProxy({ tunnels: false });
    const asked = open({ proxy: { https: proxy.url() } }).request({ url: "https://example.invalid/" }, never);
    await expect(asked).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining("(403)") });
    expect(proxy.asked).toEqual(["CONNECT example.invalid:443"]);
  });

  it("gets the login in its address, also an odd one; without the right one it is named", async () => {
    const proxy = await openProxy({ login: "us er:p@ss:w%rd" });
    const known = open({ proxy: { http: proxy.url("us%20er:p%40ss%3Aw%25rd@") } });
    expect((await known.request({ url: plain }, never)).status).toBe(200);
    for (const url of [plain, "https://example.invalid/"]) {
      const unknown = open({ proxy: { http: proxy.url("us%20er@") } }).request({ url }, never);
      await expect(unknown).rejects.toMatchObject({ code: "login-refused", message: expect.stringContaining("(407)") });
    }
  });

  it("that is dead is named", async () => {
    for (const url of [plain, "https://example.invalid/"]) {
      const dead = open({ proxy: { http: "http://127.0.0.1:9" } }).request({ url }, never);
      await expect(dead).rejects.toMatchObject({
        code: "unreachable",
        message: expect.stringContaining("127.0.0.1:9"),
      });
    }
  });
});

describe("a body without an announced length", () => {
  async function answered(end: (socket: import("node:net").Socket) => void): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nConnection: close\r\n\r\nhalf");
        setTimeout(() => end(socket), 50);
      });
    });
    await listen(server);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { receiver, text } = collecting();
    return open()
      .stream({ url }, receiver, never)
      .then(text, (error: RecordingError) => error.code);
  }

  it("ends with the connection", async () => {
    expect(await answered((socket) => socket.end())).toBe("half");
  });

  it("does not end with a reset of the connection", async () => {
    expect(await answered((socket) => socket.resetAndDestroy())).toBe("reset");
  });
});
