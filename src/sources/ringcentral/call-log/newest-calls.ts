/*
 * A recording asked for by id gets its name from one look at the newest calls: RingCentral's recording metadata has
 * no call in it, and its ids tell no time to look around. What rows, ledger and that look do not know is named
 * `unknown`, and said.
 */

import type { RecordingRef } from "../../../core/model/recording.ts";
import type { Api, Json } from "../api.ts";
import type { RingCentralContext, RingCentralSettings } from "../settings.ts";
import { recordingsOf } from "./call-records.ts";

const patienceMs = 10_000;
const perPage = 250;
/** How far back RingCentral keeps recordings of itself. */
const keptMs = 90 * 86_400_000;

/**
 * The refs with what the newest calls of the log say of them: RingCentral has no question for the call of one recording,
 * so that one request for all is made. What it does not tell, or not within ten seconds, stays as it is.
 */
export async function withNewestCalls(
  world: { readonly settings: RingCentralSettings; readonly context: RingCentralContext; readonly api: Api },
  refs: readonly RecordingRef[],
  signal: AbortSignal,
): Promise<readonly RecordingRef[]> {
  const patience = new AbortController();
  const done = new AbortController();
  world.context.clock.sleep(patienceMs, done.signal).then(
    () => patience.abort(),
    () => {},
  );
  try {
    const url = newestCallsUrl(world, "account", perPage);
    const newest = await world.api.get("call-log", url, refsOfCalls, AbortSignal.any([signal, patience.signal]));
    const known = new Map(newest.map((ref) => [ref.key, ref]));
    return refs.map((ref) => {
      const listed = known.get(ref.key);
      if (listed === undefined) return ref;
      const { named: _, ...rest } = ref;
      return { ...rest, call: { ...listed.call, ...ref.call } };
    });
  } catch {
    signal.throwIfAborted();
    return refs;
  } finally {
    done.abort();
  }
}

/** Asks for the newest calls with a recording: the company's, or the user's own. */
export function newestCallsUrl(
  { settings, context }: { readonly settings: RingCentralSettings; readonly context: RingCentralContext },
  level: "account" | "extension",
  count: number,
): string {
  const account = encodeURIComponent(settings.account ?? "~");
  const query = new URLSearchParams({
    dateFrom: new Date(context.clock.now() - keptMs).toISOString(),
    recordingType: "All",
    view: "Detailed",
    perPage: String(count),
  });
  const extension = level === "extension" ? "/extension/~" : "";
  return `${settings.server}/restapi/v1.0/account/${account}${extension}/call-log?${query}`;
}

/** The recordings that an answer of the call log tells of, as it orders them; a broken record tells nothing, the others may. */
export function refsOfCalls({ records }: Json): readonly RecordingRef[] {
  return (Array.isArray(records) ? records : []).flatMap((record, at) => {
    try {
      return recordingsOf({ fields: record as Json, file: "call-log", line: at + 1 }).refs;
    } catch {
      return [];
    }
  });
}
