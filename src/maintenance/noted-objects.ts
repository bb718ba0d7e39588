import type { Settings } from "../cli/config.ts";
import { openRefReader, type RefReader } from "../composition/rows.ts";
import { markedIfShort } from "../core/download/refetch.ts";
import { systemZone } from "../core/local-time.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { RecordingKey, RecordingRef, Stored } from "../core/model/recording.ts";
import type { FileFacts, Store } from "../core/model/store.ts";
import { openNamePattern } from "../core/naming/file-name-parser.ts";
import { type Clues, refIn, withCall } from "./adoption.ts";
import { readSmall } from "./read-stored.ts";

/** Each costs a request or two. */
const batchSize = 32;
const mostSidecarBytes = 1 << 20;

/** What a pass over objects came to. */
export interface Noted {
  /** How many were newly recorded. */
  count: number;
  /** Objects of which the store tells nothing: their names may. */
  readonly others: string[];
}

/**
 * Records as held the objects whose metadata tells whose they are and what came, without reading them: what `verify --read`
 * then finds in them is held against that. Calls are told by what was known of them, by sidecars, else by the names.
 */
export async function recordNoted(
  store: Store,
  paths: AsyncIterable<string>,
  settings: Settings,
  ledger: Archive,
  clues: Clues,
): Promise<Noted> {
  const refOf = await openRefOf(store, settings, clues);
  const noted: Noted = { count: 0, others: [] };
  let batch: string[] = [];
  const take = async () => {
    const found = await Promise.all(
      batch.map(async (path) => {
        const stored = storedBy(path, await store.stat(path));
        const ref = stored && (await refOf(stored.key, path));
        if (stored === undefined || ref === undefined) noted.others.push(path);
        return ref && stored && { ref, stored: markedIfShort(ref, stored.stored) };
      }),
    );
    noted.count += await ledger.adopt(found.filter((each) => each !== undefined));
    batch = [];
  };
  for await (const path of paths) {
    batch.push(path);
    if (batch.length === batchSize) await take();
  }
  await take();
  return noted;
}

function storedBy(path: string, facts: FileFacts | undefined): { key: RecordingKey; stored: Stored } | undefined {
  const { key, bytes, sha256, etag, contentType, audioSeconds } = facts ?? {};
  if (key === undefined || bytes === undefined || sha256 === undefined || contentType === undefined) return undefined;
  const more = { ...(etag === undefined ? {} : { etag }), ...(audioSeconds === undefined ? {} : { audioSeconds }) };
  return { key, stored: { path, bytes, sha256, contentType, ...more } };
}

/** The recording of a key, with what can be learnt of its call. */
async function openRefOf(store: Store, settings: Settings, { byId, pattern }: Clues) {
  const refs = await openRefReader();
  const read = pattern === undefined ? undefined : openNamePattern(pattern);
  const timezone = settings.timezone ?? systemZone;
  return async (key: RecordingKey, path: string): Promise<RecordingRef | undefined> => {
    const bare = refOfKey(key, refs);
    if (bare === undefined) return undefined;
    const known = byId.get(bare.id);
    if (known?.key === key) return known;
    const sidecar = `${path.replace(/\.[^./]+$/, "")}.info.json`;
    const told = refIn((await readSmall(store, sidecar, mostSidecarBytes))?.toString("utf8"), sidecar, refs);
    if (told?.key === key) return told;
    const call = read?.(path)?.call;
    if (call === undefined) return bare;
    return bare.source === "ringcentral" ? withCall(bare, call, timezone) : { ...bare, call };
  };
}

/** Undefined where the key is not exactly one that callreel writes. */
function refOfKey(key: RecordingKey, refs: RefReader): RecordingRef | undefined {
  try {
    const [source, ...parts] = key.split("/").map(decodeURIComponent);
    const [datasource, voicelocation, voicefilename] = parts;
    const row = { fields: { source: "tim", datasource, voicelocation, voicefilename }, file: key, line: 1 };
    const ref = source === "tim" ? refs.recordings(row, "tim").refs[0] : refs.ringcentral(parts.join("/"));
    return ref?.key === key ? ref : undefined;
  } catch {
    return undefined;
  }
}
