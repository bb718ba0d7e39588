import { createHash, type Hash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Fault } from "./faults.ts";
import type { ByteRange } from "./range.ts";
import type { RecordedAudio } from "./recorded-audio.ts";
import { pause, reset } from "./reply.ts";

interface Conditions {
  readonly fault: Fault | undefined;
  readonly bytesPerSecond: () => number;
  /** Whether the body has to be cut now. */
  readonly isOver: () => boolean;
  readonly closing: AbortSignal;
}

/** `sha256` only when everything was handed over. */
export interface Sent {
  readonly bytes: number;
  readonly sha256?: string;
}

/** Sends a part of a recording, at the pace and with the accidents that the settings ask for. */
export async function sendBody(
  response: ServerResponse,
  audio: RecordedAudio,
  part: ByteRange,
  { fault, bytesPerSecond, isOver, closing }: Conditions,
): Promise<Sent> {
  const accidentAt = part.from + accidentAfter(fault, part.to - part.from);
  const hash = createHash("sha256");
  let at = part.from;
  let struck = false;
  while (at < part.to) {
    if (fault && !struck && at >= accidentAt) {
      struck = true;
      if (await strikeBody(fault, response, closing)) return { bytes: at - part.from };
    }
    if (isOver()) response.destroy();
    if (response.destroyed || closing.aborted) return { bytes: at - part.from };
    const end = at < accidentAt ? Math.min(part.to, accidentAt) : part.to;
    const chunk = chunkAt(audio, at, end, bytesPerSecond());
    await write(response, chunk, hash);
    at += chunk.length;
    if (bytesPerSecond() > 0) await pause((1000 * chunk.length) / bytesPerSecond(), closing);
  }
  response.end();
  await settled(response, "finish");
  const bytes = at - part.from;
  return response.writableFinished ? { bytes, sha256: hash.digest("hex") } : { bytes };
}

/** After how many bytes of a body a fault strikes; never, for a fault that strikes elsewhere. */
export function accidentAfter(fault: Fault | undefined, bytes: number): number {
  if (!fault?.do.endsWith("-body")) return Number.POSITIVE_INFINITY;
  return Math.min(fault.bytes ?? Math.floor(bytes / 2), bytes);
}

const chunkBytes = 65_536;
const silence = Buffer.alloc(chunkBytes);

/** Small chunks where the pace is slow, so that bytes drip in rather than come in gushes. */
function chunkAt({ head }: RecordedAudio, at: number, end: number, bytesPerSecond: number): Buffer {
  const most = bytesPerSecond > 0 ? Math.max(1, Math.min(chunkBytes, Math.floor(bytesPerSecond / 20))) : chunkBytes;
  const stop = Math.min(end, at + most);
  return at < head.length ? head.subarray(at, Math.min(stop, head.length)) : silence.subarray(0, stop - at);
}

async function write(response: ServerResponse, chunk: Buffer, hash: Hash): Promise<void> {
  hash.update(chunk);
  if (!response.write(chunk) && !response.destroyed) await settled(response, "drain");
}

/** True when nothing more may follow. What was written gets a moment to leave the machine. */
async function strikeBody(fault: Fault, response: ServerResponse, closing: AbortSignal): Promise<boolean> {
  if (fault.do === "cut-body") {
    response.end();
    return true;
  }
  await pause(fault.do === "stall-body" ? (fault.ms ?? 0) : 20, closing);
  if (fault.do === "end-body") response.socket?.destroySoon();
  if (fault.do === "reset-body") reset(response.req);
  return fault.do !== "stall-body";
}

/** Resolves with the event or when the connection is gone. */
function settled(response: ServerResponse, event: "drain" | "finish"): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off(event, done).off("close", done);
      resolve();
    };
    if (response.destroyed || response.closed) resolve();
    else response.on(event, done).on("close", done);
  });
}
