import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** How a server tells which version of a recording it sends. */
export type Versioning = "nothing" | "etag" | "date";

/** What an answer does other than to send what was asked for, whole. */
export interface Fault {
  readonly does:
    | "reset"
    | "close"
    | "stall"
    /** No length at all, and the connection closed on the way. */
    | "lengthless"
    /** 206 of a range that begins elsewhere. */
    | "wrong-start"
    /** 206 of the range asked for, with other bytes. */
    | "wrong-bytes"
    | "ignores-range"
    | "other-total"
    /** Another version of the recording from now on, this answer included. */
    | "changed";
  /** Where an answer breaks off, as a share of what it would have sent. */
  readonly at: number;
}

export interface Served {
  /** Every version there will ever be; the first one is sent until a fault says otherwise. */
  readonly versions: readonly Buffer[];
  readonly faults: Fault[];
}

/** A server of one recording a path, with each connection good for one answer; it gives up one fault an answer. */
export interface BreakingServer extends AsyncDisposable {
  readonly origin: string;
  readonly recordings: Map<string, Served>;
  /** What is to be had at a path now. */
  current(path: string): Buffer;
}

export async function openBreakingServer(versioning: Versioning): Promise<BreakingServer> {
  const recordings = new Map<string, Served>();
  const version = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let request = "";
    socket.on("data", (bytes: Buffer) => {
      request += bytes.toString("latin1");
      if (request.endsWith("\r\n\r\n")) void answer(socket, request);
    });
  });

  async function answer(socket: Socket, request: string): Promise<void> {
    const path = request.split(" ")[1] ?? "";
    const served = recordings.get(path);
    const fault = served?.faults.shift();
    if (fault?.does === "changed") version.set(path, (version.get(path) ?? 0) + 1);
    const tag = versionHeader(versioning, version.get(path) ?? 0);
    const { head, body } = answerTo(request, current(path), tag, fault);
    const breaks = fault !== undefined && ["reset", "close", "stall", "lengthless"].includes(fault.does);
    socket.write(head);
    await written(socket, breaks ? body.subarray(0, Math.floor(body.length * fault.at)) : body);
    if (fault?.does === "reset") socket.resetAndDestroy();
    else if (fault?.does !== "stall") socket.end();
  }

  function current(path: string): Buffer {
    return recordings.get(path)?.versions[version.get(path) ?? 0] ?? Buffer.alloc(0);
  }

  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recordings,
    current,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits until the bytes are on their way, so that a reset does not take back what was sent. */
async function written(socket: Socket, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.write(bytes, () => resolve());
  });
}

function versionHeader(versioning: Versioning, version: number): readonly [string, string] | undefined {
  if (versioning === "etag") return ["ETag", `"v${version}"`];
  return versioning === "date" ? ["Last-Modified", `Wed, 0${version + 1} May 2024 00:00:00 GMT`] : undefined;
}

/** What a right server would answer, and what of that the fault turns wrong. */
function answerTo(
  request: string,
  whole: Buffer,
  version: readonly [string, string] | undefined,
  fault: Fault | undefined,
): { readonly head: string; readonly body: Buffer } {
  const asked = fault?.does === "ignores-range" ? undefined : /\r\nrange: bytes=(\d+)-\r\n/i.exec(request)?.[1];
  const condition = /\r\nif-range: (.*)\r\n/i.exec(request)?.[1];
  const first = asked === undefined || (condition ?? version?.[1]) !== version?.[1] ? 0 : Number(asked);
  const partial = first > 0;
  const moved = partial && fault?.does === "wrong-start" ? Math.floor(first * fault.at) : first;
  const total = whole.length + (fault?.does === "other-total" && partial ? 1000 : 0);
  const bytes = whole.subarray(moved);
  const body = partial && fault?.does === "wrong-bytes" ? Buffer.from(bytes.map((byte) => byte ^ 0x55)) : bytes;
  const lines = [
    partial ? "HTTP/1.1 206 Partial Content" : "HTTP/1.1 200 OK",
    "Content-Type: audio/wav",
    "Accept-Ranges: bytes",
    `Date: ${new Date().toUTCString()}`,
    "Connection: close",
    ...(version === undefined ? [] : [version.join(": ")]),
    ...(fault?.does === "lengthless" ? [] : [`Content-Length: ${body.length}`]),
    ...(partial ? [`Content-Range: bytes ${moved}-${whole.length - 1}/${total}`] : []),
  ];
  return { head: `${lines.join("\r\n")}\r\n\r\n`, body };
}
