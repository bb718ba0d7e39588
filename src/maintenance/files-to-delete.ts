import { join } from "node:path";
import type { Settings } from "../cli/config.ts";
import { isBucket } from "../composition/archive.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { transcriptNames } from "../core/transcripts/names.ts";
import { siblingsOf } from "../destinations/disk/incoming.ts";
import { sidecarsOf } from "../destinations/disk/sidecar.ts";
import { readSmallFile } from "../platform/small-file.ts";
import { standing } from "../platform/standing.ts";
import { readSmall } from "./read-stored.ts";

interface Where {
  readonly settings: Settings;
  readonly root: string;
  readonly store: Store;
  readonly ledger: Archive;
}

/** What stands at a path, as far as a purge asks. */
interface Standing {
  /** Anything at all, also what is no file. */
  isThere(path: string): Promise<boolean>;
  /** The recording that a sidecar names. */
  namedIn(sidecar: string): Promise<string | undefined>;
}

/** Tells of a purged recording which finished files are to be deleted: its audio under each extension, its sidecars and transcripts. */
export async function openFilesOf(
  where: Where,
  purged: readonly PurgedFile[],
  unrecorded: ReadonlyMap<RecordingKey, readonly string[]>,
): Promise<(one: PurgedFile) => Promise<readonly string[]>> {
  const standing = isBucket(where.settings) ? inBucket(where.store) : inFolder(where.root);
  // A bucket notes whose each object is: those that no entry names are among the unrecorded.
  const siblings = isBucket(where.settings) ? new Set() : await siblingsThatStand(standing, purged, where.ledger);
  return async ({ key, path, transcripts = [] }) => {
    const named = path === undefined ? [] : [path, ...siblingsOf(path).filter((sibling) => siblings.has(sibling))];
    const audio = [...new Set([...named, ...(unrecorded.get(key) ?? [])])];
    const there = await namesakesOf(where.store, audio);
    const known = there === undefined ? standing : among(there, standing);
    const said = await Promise.all(
      audio.map(async (each) => transcriptNames(each, await isShared(known, each, audio))),
    );
    const files = new Set([...audio, ...said.flat(), ...(await sidecarsOfKey(known, audio, key))]);
    return [...new Set([...[...files].filter((file) => there?.has(file) ?? true), ...transcripts])];
  };
}

/** Whether another recording's file differs in its extension alone: what is named without it may be of either. */
function isShared(standing: Standing, path: string, own: readonly string[]): Promise<boolean> {
  const others = siblingsOf(path).filter((each) => !own.includes(each));
  return anyIsThere(standing, others);
}

/** All that stands by the names of these files, whatever its extension; undefined where the store cannot tell at once. */
async function namesakesOf(store: Store, audio: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const oneOfEach = new Map(audio.map((path) => [path.replace(/\.[^./]+$/, ""), path]));
  const found = await Promise.all([...oneOfEach.values()].map((path) => store.namesakes?.(path)));
  return found.some((each) => each === undefined) ? undefined : new Set(found.flatMap((each) => [...(each ?? [])]));
}

/** Asks only about what is known to be there. */
function among(there: ReadonlySet<string>, { namedIn }: Standing): Standing {
  return {
    isThere: async (path) => there.has(path),
    namedIn: async (sidecar) => (there.has(sidecar) ? namedIn(sidecar) : undefined),
  };
}

/** Not the one that names another recording, whose file differs in its extension alone. */
async function sidecarsOfKey(standing: Standing, audio: readonly string[], key: RecordingKey): Promise<string[]> {
  const paths = audio.flatMap(sidecarsOf);
  const named = await Promise.all(paths.map(standing.namedIn));
  return paths.filter((_, at) => (named[at] ?? key) === key);
}

/** Files that differ in their extension alone, unless they are another recording's: an adopted file keeps its foreign name. */
async function siblingsThatStand(
  standing: Standing,
  purged: readonly PurgedFile[],
  ledger: Archive,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const { path } of purged) {
    const paths = path === undefined ? [] : siblingsOf(path);
    const there = await Promise.all(paths.map(standing.isThere));
    paths.forEach((each, at) => {
      if (there[at]) found.add(each);
    });
  }
  if (found.size === 0) return found;
  for await (const page of ledger.entries({ states: ["done"] }))
    for (const { stored } of page) found.delete(stored?.path ?? "");
  return found;
}

async function anyIsThere({ isThere }: Standing, paths: readonly string[]): Promise<boolean> {
  return (await Promise.all(paths.map(isThere))).includes(true);
}

function inFolder(root: string): Standing {
  return {
    isThere: async (path) => standing(join(root, path)) !== undefined,
    async namedIn(sidecar) {
      try {
        return keyIn(readSmallFile(join(root, sidecar), mostSidecarBytes));
      } catch {
        return undefined;
      }
    },
  };
}

function inBucket(store: Store): Standing {
  return {
    isThere: async (path) => (await store.stat(path)) !== undefined,
    namedIn: async (sidecar) => keyIn((await readSmall(store, sidecar, mostSidecarBytes))?.toString("utf8") ?? ""),
  };
}

const mostSidecarBytes = 65_536;

function keyIn(sidecar: string): string | undefined {
  try {
    const { key } = JSON.parse(sidecar) as { key?: unknown };
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}
