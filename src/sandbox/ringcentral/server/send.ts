import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";

/** Sends an answer, with the fault it carries. Resolves with whether the last byte was sent. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  headers: Record<string, string>,
): Promise<boolean> {
  const { fault } = answer;
  if (fault?.kind === "hang") return hang(response);
  if (answer.status === 0) return reset(response);
  if (fault?.kind === "delay") await sleep(fault.ms);
  const body = answer.json === undefined ? (answer.body ?? Buffer.alloc(0)) : Buffer.from(JSON.stringify(answer.json));
  const length = answer.chunked ? {} : { "Content-Length": String(body.length) };
  response.writeHead(answer.status, { ...headers, ...answer.headers, ...length });
  if (response.req.method === "HEAD") return finish(response, Buffer.alloc(0));
  if (fault?.kind === "reset") {
    await write(response, body.subarray(0, fault.afterBytes));
    return reset(response);
  }
  if (fault?.kind === "short") {
    await write(response, body.subarray(0, fault.bytes));
    response.socket?.end();
    return false;
  }
  if (fault?.kind === "drip") return drip(response, body, fault.bytesPerSecond);
  return finish(response, body);
}

async function hang(response: ServerResponse): Promise<boolean> {
  if (!response.destroyed) await once(response, "close");
  return false;
}

function reset(response: ServerResponse): boolean {
  response.socket?.resetAndDestroy();
  return false;
}

async function drip(response: ServerResponse, body: Buffer, bytesPerSecond: number): Promise<boolean> {
  const piece = Math.max(1, Math.ceil(bytesPerSecond / 20));
  for (let at = 0; at < body.length; at += piece) {
    if (response.destroyed) return false;
    response.write(body.subarray(at, at + piece));
    await sleep((1_000 * piece) / bytesPerSecond);
  }
  return finish(response, Buffer.alloc(0));
}

/** Resolves once the bytes are handed to the kernel, so that a reset comes after them. */
async function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) response.flushHeaders();
  else await new Promise<void>((done) => response.write(bytes, () => done()));
  await sleep(5);
}

async function finish(response: ServerResponse, body: Buffer): Promise<boolean> {
  response.end(body);
  if (response.writableFinished) return true;
  if (response.destroyed) return false;
  await Promise.race([once(response, "finish"), once(response, "close")]);
  return response.writableFinished;
}
