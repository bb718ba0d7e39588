import { resolve } from "node:path";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import { type HttpAnswer, openHttp } from "../http.ts";
import type { Io } from "../io.ts";
import { readSealKey } from "../seals/seal-key.ts";
import { appendSeal } from "../seals/seals-file.ts";
import { httpSettingsOf } from "./http.ts";

/** Seals heads as the settings ask: with a key, with a time stamp, with both or not at all. */
export interface Sealer {
  /** Adds the seals of `head` to the archive at `root`. A time stamp that cannot be had throws; the key's seal stands by then. */
  seal(root: string, head: string): Promise<void>;
}

/** Reads the key at once, so that a wrong one is told before the run. Throws `usage`. */
export function openSealer(settings: Settings, io: Io): Sealer {
  const key = settings.sealKey === undefined ? undefined : readSealKey(resolve(io.cwd, settings.sealKey));
  const url = settings.timestampUrl;
  return {
    async seal(root, head) {
      const at = new Date(io.clock.now()).toISOString();
      if (key !== undefined) appendSeal(root, { head, at, key: key.name, signature: key.sign(head, at) });
      if (url === undefined) return;
      const stamp = await stampOf(head, url, settings, io);
      appendSeal(root, { head, at, stamp: Buffer.from(stamp).toString("base64") });
    },
  };
}

async function stampOf(head: string, url: string, settings: Settings, io: Io): Promise<Uint8Array> {
  // Loaded only where it is asked for: ASN.1 takes longer to load than most runs to start.
  const { timeStampRequest } = await import("../seals/time-stamp.ts");
  const request = timeStampRequest(head);
  await using http = openHttp(httpSettingsOf(settings, io));
  const headers = { "content-type": "application/timestamp-query", accept: "application/timestamp-reply" };
  const answer = await http.request(
    { method: "POST", url, headers, body: request.der, maxBytes: mostStampBytes },
    io.abort,
  );
  refuseStatus(answer);
  await request.check(answer.body);
  return answer.body;
}

const mostStampBytes = 1 << 20;

function refuseStatus({ status }: HttpAnswer): void {
  if (status === 200) return;
  throw new RecordingError("server-error", `The time stamp authority answered with status ${status}.`);
}
