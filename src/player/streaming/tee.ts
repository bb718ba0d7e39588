/*
 * Listeners hear a fetch through a tee before the destination: it copies the bytes that the
 * archive's checks let through into a nameless file, from which each listener reads at his own pace. Reading the
 * growing part itself would lag behind by what the disk gathers before it writes; holding the bytes in memory would
 * have no bound. Only serve has a tee, so downloads pay nothing. The last byte is held back until the ledger says
 * done with the very hash of what was given out; an attempt that starts over must first bring the same bytes again.
 */

import { createHash } from "node:crypto";
import { audioExtensions } from "../../core/audio/check.ts";
import type { Destination, Incoming } from "../../core/model/ports.ts";
import type { RecordingKey, ResponseHead } from "../../core/model/recording.ts";
import { contentLength, contentRange } from "../../core/model/response-headers.ts";
import { extensionMark } from "../../core/naming/path-template.ts";
import { type Growing, type Growth, openCondition, openGrowth } from "./growing-recording.ts";

/** Opens recordings as its destination does, which it closes too, and lets listeners have what is on its way into it. */
export interface Tee extends Pick<Destination, "open">, AsyncDisposable {
  /** Gathers what comes for this recording from now on, until the follower is told of the end. */
  follow(key: RecordingKey): Follower;
}

/** One recording's way in, over all attempts at it. */
export interface Follower {
  /** Resolves as soon as there is something to hear. */
  audible(signal: AbortSignal): Promise<Growing>;
  /** The recording is in the archive with this hash, or the fetch failed. */
  end(sha256: string | undefined): void;
}

/** `folder` is where the bytes lie for listeners, beside the archive's own unfinished files. */
export function openTee(destination: Destination, folder: string): Tee {
  const followed = new Map<RecordingKey, Followed>();
  return {
    async open(path, expect, signal) {
      const incoming = await destination.open(path, expect, signal);
      const one = followed.get(expect.key);
      if (one === undefined) return incoming;
      await one.prepare(incoming);
      return teed(incoming, one, path);
    },
    follow(key) {
      const one = openFollowed(folder);
      followed.set(key, one);
      return {
        audible: one.audible,
        end(sha256) {
          if (followed.get(key) === one) followed.delete(key);
          one.close(sha256);
        },
      };
    },
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  };
}

/** Takes the bytes of one answer. A returned promise asks for a pause. */
type Lane = (bytes: Uint8Array) => void | Promise<void>;

interface Followed {
  audible(signal: AbortSignal): Promise<Growing>;
  /** Takes what an earlier run kept of the recording, in case that the answer continues it. */
  prepare(incoming: Incoming): Promise<void>;
  /** Where the bytes of this answer go; undefined when nobody can be given them. */
  lane(head: ResponseHead, path: string): Lane | undefined;
  close(sha256: string | undefined): void;
}

function openFollowed(folder: string): Followed {
  const condition = openCondition();
  let prepared: Growth | undefined;
  let growth: Growth | undefined;
  let total: number | undefined;
  let growing: Growing | undefined;
  let closed = false;

  /** What was given out and what comes now are not one recording: whoever has some of it is cut off. */
  function drop(): void {
    growth?.end(undefined);
    growth = undefined;
    growing = undefined;
  }

  function unprepare(): void {
    prepared?.end(undefined);
    prepared = undefined;
  }

  function continued(first: number, length: number | undefined): Lane | undefined {
    const known = growth;
    if (known === undefined || length !== total) return undefined;
    if (first > 0) return first <= known.bytes ? after(known, known.bytes - first) : undefined;
    if (growing === undefined) return undefined;
    return repeating(known, () => {
      if (growth === known) drop();
    });
  }

  function begun(first: number, length: number | undefined, path: string): Lane | undefined {
    drop();
    total = length;
    if (first === 0) growth = openGrowth(folder, () => show(path));
    else if (prepared !== undefined && first <= prepared.bytes) {
      growth = prepared;
      prepared = undefined;
      show(path);
    }
    unprepare();
    return growth && after(growth, growth.bytes - first);
  }

  function show(path: string): void {
    if (!growth?.audible) return;
    growing = growth.shown(total, (type) => nameOf(path, audioExtensions[type]));
    condition.notify();
  }

  return {
    async audible(signal) {
      while (growing === undefined || !growth?.audible) await condition.wait(signal);
      return growing;
    },
    async prepare({ kept }) {
      unprepare();
      if (growth !== undefined || kept === undefined) return;
      const earlier = openGrowth(folder, () => {});
      prepared = earlier;
      try {
        for await (const bytes of kept()) await earlier.add(bytes);
      } catch {
        unprepare();
      }
    },
    lane(head, path) {
      if (closed || head.status < 200 || head.status > 299) return undefined;
      const first = head.status === 206 ? (contentRange(head)?.first ?? 0) : 0;
      const length = contentRange(head)?.total ?? (first === 0 ? contentLength(head) : undefined);
      return continued(first, length) ?? begun(first, length, path);
    },
    close(sha256) {
      closed = true;
      unprepare();
      growth?.end(sha256);
    },
  };
}

/** An answer that first repeats what the archive has, and has held against it. */
function after(growth: Growth, repeated: number): Lane {
  let left = repeated;
  return (bytes) => {
    const old = Math.min(left, bytes.length);
    left -= old;
    if (old === bytes.length) return;
    return growth.add(bytes.subarray(old));
  };
}

/** An answer that begins anew must bring the bytes that are out already; it goes on after them. */
function repeating(growth: Growth, differs: () => void): Lane {
  const before = growth.bytes;
  const expected = growth.sha256();
  const seen = createHash("sha256");
  let at = 0;
  return (bytes) => {
    const old = bytes.subarray(0, Math.max(0, before - at));
    at += old.length;
    if (old.length > 0) seen.update(old);
    if (old.length > 0 && at === before && seen.digest("hex") !== expected) differs();
    return growth.add(bytes.subarray(old.length));
  };
}

function nameOf(path: string, extension: string): string {
  return path.replaceAll(extensionMark, extension).split("/").at(-1) as string;
}

function teed(incoming: Incoming, followed: Followed, path: string): Incoming {
  let lane: Lane | undefined;
  return {
    rangeHeaders: incoming.rangeHeaders,
    head(head) {
      incoming.head(head);
      lane = followed.lane(head, path);
    },
    chunk(bytes) {
      // The archive gives the memory of what it has written away.
      const copy = lane === undefined ? undefined : new Uint8Array(bytes);
      const pause = incoming.chunk(bytes);
      const own = copy && lane?.(copy);
      if (pause === undefined || own === undefined) return pause ?? own;
      return Promise.all([pause, own]).then(() => {});
    },
    finish: () => incoming.finish(),
    abandon: (error) => incoming.abandon(error),
  };
}
