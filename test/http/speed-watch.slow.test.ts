import { createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpSettings, openHttp } from "../../src/http/client.ts";

const never = new AbortController().signal;
const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** Asks a server that writes as `write` does every 20 ms, once it was asked. */
async function ask(write: (socket: Socket, turn: number) => void, change: Partial<HttpSettings>, pauseMs = 0) {
  const server = createTcpServer((socket) => {
    let turn = 0;
    const timer = setInterval(() => {
      write(socket, turn);
      turn += 1;
    }, 20);
    socket.on("close", () => clearInterval(timer));
    socket.on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const http = openHttp({ connections: 1, connectTimeoutMs: 2000, timeoutMs: 400, userAgent: "t", ...change });
  opened.push(async () => {
    await http[Symbol.asyncDispose]();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  let bytes = 0;
  const chunk = (piece: Uint8Array) => {
    bytes += piece.length;
    return pauseMs === 0 ? undefined : new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
  };
  await http.stream({ url }, { head() {}, chunk }, never);
  return bytes;
}

const head = "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n";

describe("an exchange that never comes to its end is ended", () => {
  it.each<[string, (socket: Socket, turn: number) => void]>([
    ["interim answers without end", (socket) => socket.write("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")],
    ["a head in drops", (socket, turn) => socket.write(turn === 0 ? "HTTP/1.1 200 OK\r\n" : `X-${turn}: y\r\n`)],
    ["a status line in drops", (socket, turn) => socket.write("HTTP/1.1 200 OKKKK"[turn] ?? "K")],
    ["silence", () => {}],
  ])("%s", async (_, write) => {
    await expect(ask(write, {})).rejects.toMatchObject({ code: "timeout", verdict: "retry" });
  });

  it("a body that trickles", async () => {
    const trickle = (socket: Socket, turn: number) => socket.write(turn === 0 ? head : "x");
    const slow = ask(trickle, { lowSpeed: { bytes: 1000, overMs: 200 } });
    await expect(slow).rejects.toThrow(/fewer than 1000 bytes a second \(--low-speed\)/);
  });
});

describe("an exchange goes on", () => {
  const bodyOf = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
  const trickle = (length: number) => (socket: Socket, turn: number) =>
    socket.write(turn === 0 ? bodyOf(length) : "x".repeat(10));
  const timeoutMs = 30_000;

  it("while it is fast enough", async () => {
    // Thirty bytes in three seconds are wanted, and come in a fiftieth of that: a busy machine keeps up, too.
    expect(await ask(trickle(3_000), { timeoutMs, lowSpeed: { bytes: 10, overMs: 3_000 } })).toBe(3_000);
  });

  it("at any speed where that is wished", async () => {
    expect(await ask(trickle(200), { timeoutMs, lowSpeed: { bytes: 0, overMs: 200 } })).toBe(200);
  });

  it("while its bytes wait for us", async () => {
    const atOnce = (socket: Socket, turn: number) => turn === 0 && socket.write(bodyOf(200) + "x".repeat(200));
    expect(await ask(atOnce, { timeoutMs, lowSpeed: { bytes: 100_000, overMs: 100 } }, 300)).toBe(200);
  });
});
