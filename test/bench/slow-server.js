/*
 * A media host as users meet one over the internet, in a process of its own: the first byte after `latency` ms, then
 * `rate` bytes a second on each connection. With `bears`, only so many are served at once, as many again wait, and what
 * comes beyond gets a 503. Shapes of addresses as in nginx.js.
 */

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const tickMs = 10;

/** Starts it over the files 0.wav, 1.wav … of `files`. `stop` resolves to how many requests it refused. */
export async function startSlowServer(files, { latency, rate, bears }) {
  const child = fork(fileURLToPath(import.meta.url), [files, String(latency), String(rate), String(bears ?? 0)]);
  const port = await new Promise((resolve) => child.once("message", resolve));
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once("message", (refused) => {
          child.disconnect();
          resolve(refused);
        });
        child.send("stop");
      }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(process.argv[2], process.argv.slice(3).map(Number));

function serve(files, [latency, rate, bears]) {
  const perTick = Math.max(1, Math.round((rate * tickMs) / 1000));
  const sending = new Set();
  const queue = [];
  let served = 0;
  let refused = 0;
  setInterval(() => {
    for (const each of sending) sendMore(each);
  }, tickMs);

  function sendMore(each) {
    if (each.response.destroyed) return ended(each);
    if (each.response.writableNeedDrain) return;
    each.response.write(each.body.subarray(each.sent, each.sent + perTick));
    each.sent += perTick;
    if (each.sent < each.body.length) return;
    each.response.end();
    ended(each);
  }

  function ended(each) {
    sending.delete(each);
    served -= 1;
    queue.shift()?.();
  }

  function begin(request, response) {
    served += 1;
    const id = /(\d+)(?:\.wav|\/content)$/.exec(request.url)?.[1];
    const body = readFileSync(join(files, `${id}.wav`));
    setTimeout(() => {
      response.writeHead(200, { ...headers, "content-length": body.length });
      const each = { response, body, sent: 0 };
      sending.add(each);
      sendMore(each);
    }, latency);
  }

  const server = createServer((request, response) => {
    if (bears === 0 || served < bears) return begin(request, response);
    if (queue.length < bears) return queue.push(() => begin(request, response));
    refused += 1;
    response.writeHead(503).end();
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", 1024, () => process.send(server.address().port));
  process.on("message", () => {
    process.send(refused);
    process.once("disconnect", () => process.exit());
  });
}

const headers = {
  "content-type": "audio/wav",
  "x-rate-limit-group": "heavy",
  "x-rate-limit-limit": "1000000",
  "x-rate-limit-remaining": "999999",
  "x-rate-limit-window": "60",
};
