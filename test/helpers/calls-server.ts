import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Source } from "../../src/core/model/ports.ts";
import type { RecordingRef } from "../../src/core/model/recording.ts";
import { wav } from "./sound-bytes.ts";

/** What a scripted server does with the n-th request (from 1) for a recording; undefined = serve the audio. */
export type Script = (id: string, nth: number, request: IncomingMessage, response: ServerResponse) => boolean;

export interface CallsServer extends AsyncDisposable {
  readonly url: string;
  /** How often each recording was asked for. */
  readonly requests: ReadonlyMap<string, number>;
}

/** A small WAV (PCM16, 8 kHz, mono) whose samples depend on the id. */
export function smallWav(id: string, seconds = 0.25): Buffer {
  return wav({ tag: 1, seconds, seed: createHash("sha256").update(id).digest().readUIntLE(0, 3) });
}

/** A real HTTP server that serves `smallWav` for any id, unless the script answers first (returns true). */
export async function serveCalls(script: Script = () => false): Promise<CallsServer> {
  const requests = new Map<string, number>();
  const server = createServer((request, response) => {
    const id = decodeURIComponent(request.url?.slice(1) ?? "");
    const nth = (requests.get(id) ?? 0) + 1;
    requests.set(id, nth);
    if (script(id, nth, request, response)) return;
    const body = smallWav(id);
    response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A recording of that server. */
export function callRef(id: string, start?: string): RecordingRef {
  return {
    key: `tim/1/2/${id}`,
    source: "tim",
    id,
    locator: { voicefilename: id },
    call: start === undefined ? {} : { start },
  };
}

/** The simplest source there can be: its links are plain URLs of the server. */
export function plainSource(server: CallsServer, change: Partial<Source> = {}): Source {
  return {
    name: "tim",
    recordings: (row) => ({ refs: [callRef(String(row.fields.id), row.fields.start as string | undefined)] }),
    named: (text) => callRef(text),
    link: async (ref) => ({ url: `${server.url}/${ref.id}`, headers: {}, resumable: true, takenAt: 0 }),
    classifyFailure: (error) =>
      error.head?.status === 404 ? new RecordingError("gone", `${error.message} It is gone.`) : error,
    [Symbol.asyncDispose]: async () => {},
    ...change,
  };
}
