import type { Invocation } from "../../cli/io.ts";
import { asRecordingError, type RecordingError } from "../../core/model/errors.ts";
import type { CallSign } from "../../core/model/ports.ts";
import { formatDuration } from "../../core/text.ts";
import type { Expectation } from "../../core/watch/expectation.ts";
import { openWebSockets } from "../../http/web-socket.ts";
import { sourceHttpSettings } from "../http.ts";
import { openSources } from "../sources.ts";
import type { Voice } from "./voice.ts";

const firstPauseMs = 15_000;
const longestPauseMs = 10 * 60_000;
/** A permission may be given meanwhile. */
const refusedPauseMs = 24 * 60 * 60_000;

/**
 * Listens to RingCentral's calls for as long as the watch lasts, and connects anew whenever the line ends. That it cannot
 * be done makes looks no rarer than they are without, and is no reason to end.
 */
export function listen(invocation: Invocation, voice: Voice, expectation: Expectation): AsyncDisposable {
  const { io } = invocation;
  const closing = new AbortController();
  const signal = AbortSignal.any([io.stop, closing.signal]);
  const tells = openTells(voice);
  let pauseMs = firstPauseMs;

  const hear = (sign: CallSign) => {
    const now = io.clock.monotonic();
    if (sign === "call-ended") return expectation.callEnded(now);
    expectation.listening(now);
    pauseMs = firstPauseMs;
    tells.listening();
  };

  async function once(): Promise<void> {
    await using sources = await openSources(invocation, { io, ...voice.reporter });
    await using sockets = openWebSockets(sourceHttpSettings("ringcentral", invocation.settings, io));
    await sources.required("ringcentral").listen?.(sockets.open, hear, signal);
  }

  async function always(): Promise<void> {
    while (!signal.aborted) {
      const error = await once().then(() => undefined, asRecordingError);
      expectation.deaf();
      if (signal.aborted || error === undefined) return;
      const isRefused = ["permission-refused", "forbidden", "http-error", "foreign-host"].includes(error.code);
      if (isRefused) tells.refused(error);
      else tells.ended(error, pauseMs);
      await io.clock.sleep(isRefused ? refusedPauseMs : pauseMs, signal).catch(() => {});
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }

  const running = always();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort(new DOMException("The watch has ended.", "AbortError"));
      await running;
    },
  };
}

/** Each change is told once; that a line ends and comes back is the usual course of a day. */
function openTells(voice: Pick<Voice, "info">) {
  let last: "listening" | "ended" | "refused" | undefined;
  const change = (to: NonNullable<typeof last>, message: string) => {
    if (last !== to) voice.info(message);
    last = to;
  };
  return {
    listening: () =>
      change(
        "listening",
        "RingCentral reports when calls end: callreel looks right after each, and rarely while nobody is on the phone.",
      ),
    ended: ({ message }: RecordingError, pauseMs: number) =>
      change(
        "ended",
        `${message} Reconnecting in ${formatDuration(pauseMs)}; until then callreel looks at its usual pace.`,
      ),
    refused: ({ message }: RecordingError) =>
      change(
        "refused",
        `${message} callreel looks at its usual pace instead. With the app permission WebSocket it would look right after each call.`,
      ),
  };
}
