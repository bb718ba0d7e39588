import type { IncomingMessage, ServerResponse } from "node:http";
import pLimit from "p-limit";
import type { Clock } from "../../core/model/ports.ts";
import type { RecordingKey, RecordingRef } from "../../core/model/recording.ts";
import { isVoicemail } from "../../core/voicemail.ts";
import type { Listener } from "../auth/sessions.ts";
import type { ArchiveSet, SetArchive } from "../library/archive-set.ts";
import { itemOf } from "../library/catalogue-page.ts";
import { refuse, sendJson } from "../respond.ts";
import { awaitFetch } from "./fetch-on-demand.ts";
import type { Fetches } from "./fetches.ts";
import type { Growing } from "./growing-recording.ts";
import { type Peaks, readPeaks } from "./peaks.ts";
import { sendAudio, sendGrowing, sendToStore } from "./send.ts";
import { isStored, openWindow } from "./stored-audio.ts";

export interface RecordingPorts {
  readonly archiveSet: ArchiveSet;
  readonly clock: Clock;
  /** Where recordings come from that the archive does not hold; absent without a source. */
  readonly missing?: {
    readonly fetches: Fetches;
    /** The recording that a permanent path names at a source with a login. */
    named(path: string): RecordingRef | undefined;
  };
}

/** What is asked under one recording's key. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: RecordingKey;
  readonly listener: Listener;
  readonly query: URLSearchParams;
  /** Aborted when the listener has gone. */
  readonly signal: AbortSignal;
}

/** The recordings as the web sees them. */
export interface Recordings {
  /** `/r/{key}`: the audio. */
  play(asked: Asked): Promise<void>;
  /** What is known of the call. */
  describe(asked: Asked): Promise<void>;
  peaks(asked: Asked): Promise<void>;
  /** What was said. */
  transcript(asked: Asked): Promise<void>;
  /** Whether a source with a login may have it. */
  canFetch(key: RecordingKey): boolean;
}

export function openRecordings({ archiveSet, clock, missing }: RecordingPorts): Recordings {
  const audit = openAuditor(clock);
  const peaksOf = rememberPeaks();

  const canFetch = (key: RecordingKey) => missing?.named(`/r/${key}`) !== undefined;

  async function refOf(key: RecordingKey): Promise<RecordingRef | undefined> {
    const known = (await archiveSet.find(key))?.entry.ref;
    const named = known === undefined ? missing?.named(`/r/${key}`) : undefined;
    return named === undefined ? known : { ...named, named: true };
  }

  /** The recording, when there may be one and the listener may hear it; else the refusal is sent. */
  async function permitted({ key, listener, response, signal }: Asked): Promise<RecordingRef | undefined> {
    const ref = await refOf(key);
    if (ref !== undefined && ((await listener.mayHear?.(ref, signal)) ?? true)) return ref;
    refuse(response, 404, "There is no such recording.");
    return undefined;
  }

  /** Writes a listening down before anything is heard; true when it is a download. */
  async function heard({ request, listener, key, query }: Asked, archive: SetArchive): Promise<boolean> {
    const download = query.has("download");
    if (request.method === "GET") await audit(listener, key, download ? "downloaded" : "listened", archive);
    return download;
  }

  async function playGrowing(asked: Asked, growing: Growing): Promise<boolean> {
    using held = growing.hold();
    if (held === undefined) return false;
    await sendGrowing(asked, growing, await heard(asked, archiveSet.first));
    return true;
  }

  async function playStored(asked: Asked): Promise<boolean> {
    const found = await archiveSet.find(asked.key);
    const stored = found?.entry.stored;
    if (found?.entry.state !== "done" || stored === undefined) return false;
    const { request, response } = asked;
    const download = await heard(asked, found.archive);
    const name = stored.path.split("/").at(-1) as string;
    const { store, presigned } = found.archive;
    const downloadAs = download ? name : undefined;
    if (presigned !== undefined && request.method === "GET") {
      return sendToStore(response, { store, presigned }, stored, downloadAs);
    }
    return sendAudio(request, response, store, stored, downloadAs);
  }

  return {
    canFetch,
    async play(asked) {
      const ref = await permitted(asked);
      if (ref === undefined || (await playStored(asked))) return;
      const { key, response, signal } = asked;
      if (missing === undefined || !canFetch(key)) return refuse(response, 404, "There is no such recording.");
      const found = await awaitFetch(ref, missing.fetches, clock, response, signal);
      if (found === undefined || (found !== "stored" && (await playGrowing(asked, found)))) return;
      if (await playStored(asked)) return;
      if (found === "stored") refuse(response, 404, "There is no such recording.");
      else refuse(response, 503, "The recording is not ready yet.", { "retry-after": 1 });
    },
    async describe(asked) {
      const ref = await permitted(asked);
      if (ref === undefined) return;
      const found = await archiveSet.find(asked.key);
      const entry = found?.entry;
      sendJson(asked.response, 200, entry?.state === "done" ? itemOf(entry) : itemOf({ ref, state: "pending" }));
    },
    async peaks(asked) {
      if ((await permitted(asked)) === undefined) return;
      const found = await archiveSet.find(asked.key);
      const stored = found?.entry.stored;
      if (found?.entry.state !== "done" || stored === undefined) {
        return sendJson(asked.response, 202, { peaks: null, coming: true });
      }
      const peaks = await peaksOf(stored.sha256, async () => {
        const { store } = found.archive;
        return (await isStored(store, stored)) ? readPeaks(openWindow(store, stored), stored.bytes) : undefined;
      });
      sendJson(asked.response, 200, { peaks: peaks ?? null });
    },
    async transcript(asked) {
      if ((await permitted(asked)) === undefined) return;
      const { key, listener, request, response } = asked;
      const found = await archiveSet.find(key);
      const spoken = await found?.archive.ledger.spokenOf(key);
      if (found === undefined || spoken === undefined) return refuse(response, 404, "There is no transcript of it.");
      if (request.method === "GET") await audit(listener, key, "read", found.archive);
      sendJson(response, 200, spoken);
    },
  };
}

const mostPeaks = 200;

/** Peaks by content, the latest few; two recordings are read at a time. */
function rememberPeaks() {
  const known = new Map<string, Promise<Peaks | undefined>>();
  const limit = pLimit(2);
  return (sha256: string, read: () => Promise<Peaks | undefined>): Promise<Peaks | undefined> => {
    const found = known.get(sha256) ?? limit(read);
    known.delete(sha256);
    known.set(sha256, found);
    found.catch(() => known.delete(sha256));
    if (known.size > mostPeaks) known.delete(known.keys().next().value as string);
    return found;
  };
}

/** A key as the ledger writes it, from a path as people and browsers write it; undefined when it is no key. */
export function keyOfPath(path: string): RecordingKey | undefined {
  const [source, ...parts] = path.split("/");
  const length = source === "tim" || isVoicemail(path) ? 3 : 1;
  if (parts.length !== length || (source !== "tim" && source !== "ringcentral")) return undefined;
  try {
    const encode = source === "tim" ? encodeTim : encodeURIComponent;
    const encoded = parts.map((part) => encode(decodeURIComponent(part)));
    return encoded.includes("") ? undefined : [source, ...encoded].join("/");
  } catch {
    return undefined;
  }
}

function encodeTim(part: string): string {
  const escaped = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  const encoded = encodeURIComponent(part).replace(/[!'()*]/g, escaped);
  return encoded === "." || encoded === ".." ? encoded.replaceAll(".", "%2E") : encoded;
}

/** Requests this close together are one listening: a player asks for a recording piece by piece. */
const oneListeningMs = 10 * 60_000;
const mostRemembered = 10_000;

/** Writes each listening into the archive's audit log once, however many requests it takes. */
export function openAuditor(clock: Clock) {
  const heard = new WeakMap<Listener, Map<string, number>>();
  return async (
    listener: Listener,
    key: RecordingKey,
    way: "listened" | "downloaded" | "read",
    { ledger }: SetArchive,
  ) => {
    const known = heard.get(listener) ?? new Map<string, number>();
    heard.set(listener, known);
    const name = `${way} ${key}`;
    const now = clock.monotonic();
    const last = known.get(name);
    known.set(name, now);
    if (known.size > mostRemembered) known.delete(known.keys().next().value as string);
    if (last !== undefined && now - last < oneListeningMs) return;
    await ledger.audit({ action: "playback", key, detail: `${way} by ${listener.name}`, by: listener.name });
  };
}
