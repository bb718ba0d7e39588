import type { Sandbox } from "../context.ts";
import { type Listener, listen } from "./serve.ts";

/**
 * A host that is not RingCentral's: where redirects lead. It serves `/recording/{id}` without login, as a storage
 * service with signed links does, and counts every request that brings Authorization along.
 */
export function openForeignHost(sandbox: () => Sandbox): Promise<Listener> {
  return listen(0, async (message, response) => {
    const { stats, events, audio, calls } = sandbox();
    const authorization = message.headers.authorization !== undefined;
    if (authorization) stats.foreignAuthorization += 1;
    events.record({ kind: "foreign-request", path: message.url, authorization });
    const id = /^\/recording\/(\d+)$/.exec(message.url ?? "")?.[1];
    const call = id === undefined ? undefined : calls.byRecordingId(id);
    if (id === undefined || !call) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": audio.typeOf(id) }).end(audio.bytes(id, call));
  });
}
