/*
 * The protocol is RingCentral's own (guide, "Subscribing to events via WebSockets"): a token for one connection, then
 * JSON arrays of a head and a body. Its session recovery is not used: the call log tells what was missed.
 */

import { randomUUID } from "node:crypto";
import { RecordingError } from "../../../core/model/errors.ts";
import type { CallSign, Line, OpenLine } from "../../../core/model/ports.ts";
import type { Api, Json } from "../api.ts";
import type { RingCentralContext, RingCentralSettings } from "../settings.ts";
import { gatewayUrl } from "./gateway-url.ts";
import { type Frame, frameOf, isCallEnd } from "./messages.ts";

export interface ListeningWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly api: Api;
}

/** How long the gateway may take to say something that is due. */
const patienceMs = 30_000;
/** After so long a silence it is asked whether it is still there. */
const silenceMs = 60_000;

/**
 * Subscribes to the account's telephony sessions and hears of them until the connection ends; then, as for every other
 * reason, it throws. `permission-refused` and `forbidden` say that this login may not.
 */
export async function listenToCalls(
  world: ListeningWorld,
  open: OpenLine,
  hear: (sign: CallSign) => void,
  signal: AbortSignal,
): Promise<never> {
  const closing = new AbortController();
  const both = AbortSignal.any([signal, closing.signal]);
  const frames = openFrames();
  const url = await gatewayUrl(world, signal);
  const line = await within(world, open(url, frames.arrived, both), both);
  try {
    await within(world, frames.next(isDetails), both);
    const messageId = randomUUID();
    line.send(subscription(messageId, world.settings));
    const answer = await within(
      world,
      frames.next((frame) => frame.messageId === messageId),
      both,
    );
    refuse(answer);
    frames.onEach((frame) => {
      if (frame.type === "ServerNotification" && isCallEnd(frame.body)) hear("call-ended");
    });
    hear("listening");
    const ends = [line.ended.then(raise), keptAlive(world, line, frames, both), expiry(world, answer.body, both)];
    await Promise.race(ends);
    throw signal.reason;
  } finally {
    closing.abort(new DOMException("Listening has ended.", "AbortError"));
    line.close();
  }
}

function raise(error: RecordingError): never {
  throw error;
}

/** Asks a silent gateway for a sign of life, for a lost line may say nothing; throws `timeout` where none comes. */
async function keptAlive(world: ListeningWorld, line: Line, frames: Frames, signal: AbortSignal): Promise<never> {
  const { clock } = world.context;
  for (;;) {
    const before = frames.count();
    await clock.sleep(silenceMs, signal);
    if (frames.count() > before) continue;
    line.send(JSON.stringify([{ type: "Heartbeat", messageId: randomUUID() }]));
    await clock.sleep(patienceMs, signal);
    if (frames.count() === before) throw silent();
  }
}

/** A subscription that ends leaves a line that lives and tells nothing: throws before it does; never where it has no end. */
async function expiry({ context }: ListeningWorld, { expiresIn }: Json, signal: AbortSignal): Promise<never> {
  const seconds = Number(expiresIn);
  if (!(seconds > 0 && seconds < mostSeconds)) return new Promise(() => {});
  await context.clock.sleep(seconds * 1000 * 0.9, signal);
  throw new RecordingError("reset", "RingCentral's events were subscribed to for a time that ends now.");
}

/** What a timer can wait for; no line lives so long. */
const mostSeconds = 20 * 86_400;

async function within<T>({ context }: ListeningWorld, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const late = context.clock.sleep(patienceMs, AbortSignal.any([signal, done.signal])).then(() => {
    throw silent();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

function silent(): RecordingError {
  return new RecordingError("timeout", "RingCentral's gateway for events does not answer.", { verdict: "retry" });
}

function subscription(messageId: string, { account = "~" }: RingCentralSettings): string {
  const head = { type: "ClientRequest", messageId, method: "POST", path: "/restapi/v1.0/subscription/" };
  const eventFilters = [`/restapi/v1.0/account/${encodeURIComponent(account)}/telephony/sessions`];
  return JSON.stringify([head, { eventFilters, deliveryMode: { transportType: "WebSocket" } }]);
}

function refuse({ status, body }: Frame): void {
  if (status >= 200 && status < 300) return;
  const code = String((body as Json).errorCode ?? "").replace(/[^\w-]/g, "");
  const message = `RingCentral does not send this login events of the account's calls (HTTP ${status}${code && `, ${code}`}).`;
  throw new RecordingError(status === 403 ? "permission-refused" : "http-error", message);
}

function isDetails(frame: Frame): boolean {
  if (frame.type === "Error") refuse({ ...frame, status: Math.max(400, frame.status) });
  return frame.type === "ConnectionDetails";
}

type Frames = ReturnType<typeof openFrames>;

/** What arrives, told to who waits for it; what comes before anybody waits is kept. */
function openFrames() {
  const kept: Frame[] = [];
  const keep = (frame: Frame) => void kept.push(frame);
  let listener: (frame: Frame) => void = keep;
  let count = 0;
  const onEach = (next: (frame: Frame) => void) => {
    listener = next;
    for (const frame of kept.splice(0)) listener(frame);
  };
  return {
    arrived(text: string): void {
      count += 1;
      const frame = frameOf(text);
      if (frame !== undefined) listener(frame);
    },
    count: () => count,
    onEach,
    next(fits: (frame: Frame) => boolean): Promise<Frame> {
      return new Promise((resolve, reject) => {
        onEach((frame) => {
          try {
            if (!fits(frame)) return;
            listener = keep;
            resolve(frame);
          } catch (error) {
            reject(error);
          }
        });
      });
    },
  };
}
