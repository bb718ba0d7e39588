import { type FetchContext, fetchRecording } from "../../../src/core/download/attempt.ts";
import { RecordingError } from "../../../src/core/model/errors.ts";
import type { Source, Transfer } from "../../../src/core/model/ports.ts";
import type { RecordingRef, ResponseHead } from "../../../src/core/model/recording.ts";
import { statusError } from "../../../src/core/model/response-headers.ts";
import type { Http } from "../../../src/http/client.ts";
import { never, realClock } from "./fixture.ts";

/** Receives audio into memory by voicefilename, refusing what a destination refuses. */
export function memoryTransfer(http: Http, kept: Map<string, Buffer>): Transfer {
  return {
    async run(job, hooks, signal) {
      const chunks: Uint8Array[] = [];
      let head: ResponseHead | undefined;
      const receiver = {
        head(arrived: ResponseHead) {
          head = arrived;
          hooks.head?.(arrived);
          if (arrived.status !== 200) throw statusError(arrived, undefined, Date.now());
        },
        chunk: (bytes: Uint8Array) => void chunks.push(bytes),
      };
      await http.stream({ url: job.url, headers: job.headers }, receiver, signal);
      const body = Buffer.concat(chunks);
      const details = head === undefined ? {} : { head };
      if (body.length === 0) throw new RecordingError("empty-body", "empty", details);
      if (!/^(RIFF|ID3|\xff)/.test(body.toString("latin1", 0, 4))) {
        throw new RecordingError("not-audio", "no audio", details);
      }
      kept.set(job.path, body);
      return { settled: new Promise(() => {}) };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Fetches all `refs` as the download does, so many at a time; resolves to what failed. */
export async function fetchAll(
  refs: readonly RecordingRef[],
  workers: number,
  world: { readonly source: Source; readonly transfer: Transfer },
): Promise<RecordingError[]> {
  const context: FetchContext = {
    ...world,
    clock: realClock,
    random: () => 0,
    retry: { retries: 5, baseDelayMs: 1, maxDelayMs: 10 },
    report: () => {},
    progress: false,
    contact: { answered: false },
    stop: never,
    abort: never,
  };
  const waiting = [...refs];
  const errors: RecordingError[] = [];
  const work = async () => {
    for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
      const expect = { key: ref.key, resume: false, overwrite: false };
      await fetchRecording(ref, ref.id, expect, context).catch((error: RecordingError) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return errors;
}
