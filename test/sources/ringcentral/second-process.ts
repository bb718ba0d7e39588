import { fork } from "node:child_process";
import { once } from "node:events";
import type { RingCentralSettings } from "../../../src/sources/ringcentral/index.ts";

const path = new URL("worker.js", import.meta.url).pathname;

/** A process of its own that fetches recordings, built as users run it; it is killed where it is still at it. */
export interface SecondProcess extends AsyncDisposable {
  /** How many recordings came, once it has asked for each. */
  readonly fetched: Promise<number>;
  /** The rate limit lets it send nothing more for now. */
  readonly waiting: Promise<void>;
}

export function startFetching(settings: RingCentralSettings, ids: readonly string[]): SecondProcess {
  const child = fork(path, { execArgv: [] });
  const ended = once(child, "exit");
  const heard = <T>(pick: (message: { event?: string; fetched?: number }) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      child.on("message", (message: object) => {
        const picked = pick(message);
        if (picked !== undefined) resolve(picked);
      });
      void ended.then(([code]) => reject(new Error(`The process exited with ${code}.`)));
    });
  const fetched = heard((message) => message.fetched);
  const waiting = heard(({ event }) => (event === "waiting" ? true : undefined)).then(() => {});
  // Whoever asks for one of them hears of its failure; the other may go unasked.
  for (const each of [fetched, waiting]) each.catch(() => {});
  child.send({ settings, ids });
  return {
    fetched,
    waiting,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
