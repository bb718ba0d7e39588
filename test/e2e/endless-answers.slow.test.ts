import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { finishedIn, openTimWorld } from "./tim-world.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n";

/** Answers that never come to their end: what is sent first, and then again and again. */
const answers: readonly [what: string, first: string, again: string][] = [
  ["nothing", "", ""],
  ["informational heads", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"],
  ["header lines", "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"],
  ["one header, letter by letter", "HTTP/1.1 200 OK\r\nX-", "a"],
  ["a body, byte by byte", `${head}Content-Length: 100000\r\n\r\n`, "a"],
  ["chunks of a byte", `${head}Transfer-Encoding: chunked\r\n\r\n`, "1\r\na\r\n"],
  ["a chunk's extension", `${head}Transfer-Encoding: chunked\r\n\r\n5;`, "a"],
  ["trailers", `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nRIFF\r\n0\r\n`, "X-More: and more\r\n"],
];

it.each(answers)("an Echo that sends %s without end costs one recording, and no file", async (_, first, again) => {
  await using world = await openTimWorld(1);
  await using echo = await openEndless(first, again);
  const named = new URL(world.env.TIM_URL as string).hostname;
  const args = [
    "download",
    "--rows",
    world.csv,
    "-d",
    world.archive,
    "-R",
    "0",
    "--echo-rewrite",
    `${named}=${echo.host}`,
  ];
  const limits = ["--timeout", "500ms", "--low-speed-time", "500ms"];
  const { code, err } = await run([...args, ...limits], { env: world.env });
  expect([code, err]).toEqual([
    expect.toBeOneOf([3, 5]),
    expect.stringMatching(/no answer in time|--low-speed|timed out/i),
  ]);
  expect(finishedIn(join(world.archive))).toEqual([]);
});

async function openEndless(first: string, again: string): Promise<AsyncDisposable & { readonly host: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      if (first !== "") socket.write(first);
      const timer = setInterval(() => again !== "" && socket.write(again), 20);
      socket.on("close", () => clearInterval(timer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
