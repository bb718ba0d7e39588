import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import pLimit from "p-limit";
import type { Settings } from "../cli/config.ts";
import { openRefReader, type RefReader } from "../composition/rows.ts";
import { type CallFinder, openCallFinder } from "../core/download/call-finder.ts";
import { markedIfShort } from "../core/download/refetch.ts";
import { startMs, systemZone, type Zone } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { Call, RecordingRef, Stored } from "../core/model/recording.ts";
import type { ListOptions, Store } from "../core/model/store.ts";
import { type NamedFile, openNamePattern, portalPattern, readPortalName } from "../core/naming/file-name-parser.ts";
import { disownedBecause, openKnownHashes } from "../destinations/disk/sidecar.ts";
import { isBesideAudio } from "../destinations/disk/transcripts.ts";
import { readSmallFile } from "../platform/small-file.ts";
import { examineStored } from "./read-stored.ts";
import { besideFiles, noteTranscripts } from "./transcripts.ts";

/** Tells whose recording a file is, or why that cannot be told. */
export type Identify = (path: string) => RecordingRef | string;

export interface AdoptionHooks {
  /** A file that was not recorded, and why. */
  readonly unmatched: (path: string, message: string) => void;
  readonly adopted: (ref: RecordingRef, stored: Stored) => void;
}

const batchSize = 64;

/** Records files that stand in the archive as done: each read whole, checked and hashed. Counts those that were new. */
export async function adoptFiles(
  root: string,
  store: Store,
  paths: AsyncIterable<string>,
  identify: Identify,
  ledger: Archive,
  { unmatched, adopted }: AdoptionHooks,
): Promise<number> {
  const limit = pLimit(availableParallelism());
  const knownHashes = openKnownHashes(root);
  let count = 0;
  const examine = async (path: string) => {
    if (isBesideAudio(root, path)) return;
    const ref = identify(path);
    if (typeof ref === "string") return unmatched(path, ref);
    try {
      const stored = markedIfShort(ref, await examineStored(store, path));
      const disowned = await disownedBecause(knownHashes, path, stored.sha256);
      return disowned === undefined ? { ref, stored } : unmatched(path, disowned);
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      if (error.verdict === "stop" && error.code !== "disk-io" && error.code !== "unsafe-path") throw error;
      return unmatched(path, error.message);
    }
  };
  const take = async (batch: readonly string[]) => {
    const examined = await Promise.all(batch.map((path) => limit(examine, path)));
    const found = examined.filter((each) => each !== undefined);
    count += await ledger.adopt(found);
    for (const { ref, stored } of found) await noteTranscripts(besideFiles(root), { ref, stored }, ledger);
    for (const { ref, stored } of found) adopted(ref, stored);
  };
  let batch: string[] = [];
  for await (const path of paths) {
    batch.push(path);
    if (batch.length < batchSize) continue;
    await take(batch);
    batch = [];
  }
  await take(batch);
  return count;
}

export interface Clues {
  /** Recordings by id; null where several share it. */
  readonly byId: ReadonlyMap<string, RecordingRef | null>;
  readonly pattern: string | undefined;
}

/** Whose a file of the archive is: by its sidecar, else by its name. */
export async function openIdentify(root: string, settings: Settings, clues: Clues): Promise<Identify> {
  const refs = await openRefReader();
  const byName = await openIdentifyByName(settings, clues);
  return (path) => refOfSidecar(root, path, refs) ?? byName(path);
}

/** Whose a file is: by a known recording's id in its name, else by a RingCentral id alone. */
export async function openIdentifyByName(settings: Settings, { byId, pattern }: Clues): Promise<Identify> {
  const refs = await openRefReader();
  const read = pattern === undefined ? undefined : readerOf(pattern);
  const timezone = settings.timezone ?? systemZone;
  const byCall = openMatchByCall(byId, settings);
  return (path) => {
    const named = read?.(path);
    if (read !== undefined && named === undefined) return `its name is not of the form ${pattern}`;
    if (named?.id === "") {
      const found = byCall(named);
      return typeof found === "string" ? found : withCall(found, named.call, timezone);
    }
    const known = knownBy(named, path, byId);
    if (known === null) return "several recordings have this id; give rows of one of them";
    if (known !== undefined) return known.source === "ringcentral" ? withCall(known, named?.call, timezone) : known;
    if (named === undefined) return "no row has an id that is in its name";
    return byId.size === 0 || named.source === "ringcentral"
      ? refOfName(named, settings, refs, timezone)
      : `no row has the id ${named.id}`;
  };
}

/** The known recording of an id in a file's name; null where several share it. */
function knownBy(named: NamedFile | undefined, path: string, byId: Clues["byId"]): RecordingRef | null | undefined {
  const ids = named === undefined ? idsIn(basename(path)) : [named.id];
  return ids.map((id) => byId.get(id)).find((ref) => ref !== undefined);
}

/** Whose a file without an id in its name is: the one recording of the rows whose call its name describes. */
function openMatchByCall(byId: Clues["byId"], { timezone }: Settings): (named: NamedFile) => RecordingRef | string {
  const zone = timezone ?? "UTC";
  let finder: CallFinder | undefined;
  return ({ call }) => {
    if (byId.size === 0) return "its name has no id: give the calls' rows with --rows";
    const refs = () => [...byId.values()].filter((ref) => ref?.source === "ringcentral") as RecordingRef[];
    finder ??= openCallFinder(refs(), { startMs: (start) => startMs(start, zone), zoned: timezone !== undefined });
    const found = finder.find(call);
    const [ref] = found;
    if (ref !== undefined && found.length === 1) return ref;
    const which = found.length === 0 ? "no row's call has" : `the calls of ${found.length} rows have`;
    const zoneHint = timezone === undefined ? "; --timezone tells in which zone the portal wrote" : "";
    return `its name has no id, and ${which} its start, direction and party${zoneHint}`;
  };
}

function readerOf(pattern: string): (path: string) => NamedFile | undefined {
  return pattern === portalPattern ? readPortalName : openNamePattern(pattern);
}

const mostSidecarBytes = 1 << 20;

function refOfSidecar(root: string, path: string, refs: RefReader): RecordingRef | undefined {
  for (const stem of [path.replace(/\.[^./]+$/, ""), path]) {
    const name = `${stem}.info.json`;
    const ref = refIn(sidecarText(join(root, name)), name, refs);
    if (ref !== undefined) return ref;
  }
  return undefined;
}

function sidecarText(path: string): string | undefined {
  try {
    return readSmallFile(path, mostSidecarBytes);
  } catch {
    return undefined;
  }
}

/** The recording that a sidecar's text is about; undefined where there is none, or it is not one of ours: the name may tell. */
export function refIn(sidecar: string | undefined, name: string, refs: RefReader): RecordingRef | undefined {
  if (sidecar === undefined) return undefined;
  try {
    const fields = JSON.parse(sidecar) as Record<string, unknown>;
    return refs.recordings({ fields: { locator: {}, ...fields }, file: name, line: 1 }, undefined).refs[0];
  } catch {
    return undefined;
  }
}

/** Whatever in a file's name may be an id: the name with and without its extension, and each run of its words, longest first. */
function idsIn(name: string): string[] {
  const stem = name.replace(/\.[^.]+$/, "");
  const words = [...stem.matchAll(/[\p{L}\p{N}]+/gu)].slice(0, mostWords);
  const runs = words.flatMap((first, at) =>
    words.slice(at).map((last) => stem.slice(first.index, last.index + last[0].length)),
  );
  return [name, stem, ...runs.sort((a, b) => b.length - a.length)];
}

/** Bounds the runs of words that are looked up of one name. */
const mostWords = 24;

function refOfName(named: NamedFile, settings: Settings, refs: RefReader, timezone: Zone): RecordingRef | string {
  const source = named.source ?? settings.source ?? "ringcentral";
  if (source === "tim") return "TIM's recordings need their rows: give them with --rows";
  const ref = /^(?:\d{1,40}|vm-\d{1,20}-\d{1,20})$/.test(named.id) ? refs.ringcentral(named.id) : undefined;
  return ref === undefined
    ? `"${named.id}" is not a RingCentral recording id; recordings of other systems need their rows: --rows`
    : { ...ref, call: { ...ref.call, ...inUtc(named.call, timezone) } };
}

/** What the row says, and what only the name tells. */
export function withCall(known: RecordingRef, named: Call | undefined, timezone: Zone): RecordingRef {
  return named === undefined ? known : { ...known, call: { ...inUtc(named, timezone), ...known.call } };
}

/** RingCentral's starts are instants; a name has them in local time. */
function inUtc(call: Call, timezone: Zone): Call {
  const ms = startMs(call.start, timezone);
  return ms === undefined ? call : { ...call, start: new Date(ms).toISOString() };
}

/** Adds a recording to those known by id; two different ones with one id make it useless. */
export function know(byId: Map<string, RecordingRef | null>, ref: RecordingRef): void {
  const before = byId.get(ref.id);
  byId.set(ref.id, before === undefined || before?.key === ref.key ? ref : null);
}

/** The finished files of a store, or of one folder in it, that no entry of the ledger names. */
export async function unknownFiles(
  store: Store,
  ledger: Archive,
  options: ListOptions & { readonly stop: AbortSignal },
): Promise<AsyncIterable<string>> {
  const known = new Set<string>();
  for await (const page of ledger.entries({ states: ["done"] }))
    for (const path of page.flatMap(pathsOfEntry)) known.add(path);
  return filesExcept(known, store, options);
}

/** The files that an entry of the ledger names. */
export function pathsOfEntry({ stored, transcripts = [] }: LedgerEntry): readonly string[] {
  return [...(stored === undefined ? [] : [stored.path]), ...transcripts.map(({ path }) => path)];
}

/** The archive's finished files but those that are known. */
export async function* filesExcept(
  known: ReadonlySet<string>,
  store: Store,
  { stop, ...options }: ListOptions & { readonly stop: AbortSignal },
): AsyncIterable<string> {
  for await (const page of store.list(options)) {
    for (const { path } of page) {
      stop.throwIfAborted();
      if (!known.has(path)) yield path;
    }
  }
}
