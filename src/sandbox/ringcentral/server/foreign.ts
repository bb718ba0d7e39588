import type { Sandbox } from "../context.ts";
import { type Listener, listen } from "./serve.ts";

/**
 * A host that is not RingCentral's: where redirects lead. It serves `/recording/{id}` without login, as a storage
 * service with signed links does, or refuses with the status that the link names (`?status=403`); it counts every request
 * that brings Authorization along.
 */
export function openForeignHost(sandbox: () => Sandbox): Promise<Listener> {
  return listen(0, async (message, response) => {
    const { stats, events, audio, calls } = sandbox();
    const authorization = message.headers.authorization !== undefined;
    if (authorization) stats.foreignAuthorization += 1;
    events.record({ kind: "foreign-request", path: message.url, authorization });
    const [, id, refused] = /^\/recording\/(\d+)(?:\?status=(40[34]))?$/.exec(message.url ?? "") ?? [];
    if (refused !== undefined) {
      const code = refused === "403" ? "AccessDenied" : "NoSuchKey";
      const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`;
      response.writeHead(Number(refused), { "Content-Type": "application/xml" }).end(xml);
      return;
    }
    const call = id === undefined ? undefined : calls.byRecordingId(id);
    if (id === undefined || !call) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": audio.typeOf(id) }).end(audio.bytes(id, call));
  });
}
