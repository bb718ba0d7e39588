import type { Settings } from "../cli/config.ts";
import { isBucket } from "../composition/archive.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey, RecordingRef } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { defaultTemplate } from "../core/naming/path-template.ts";
import { know, openIdentify, openIdentifyByName, unknownFiles } from "./adoption.ts";

/** An id that no other word of a file's name equals by chance. */
const distinctive = /^(?=.*\d)[\w-]{9,}$/;

/**
 * The files of purged recordings that no entry names, because the run that brought them was killed before it could record
 * them: known by the key that a bucket notes with them, by their sidecars, else by the ids in their names.
 */
export async function unrecordedFiles(
  root: string,
  store: Store,
  settings: Settings,
  ledger: Archive,
  purged: readonly PurgedFile[],
  stop: AbortSignal,
): Promise<ReadonlyMap<RecordingKey, readonly string[]>> {
  const noted = isBucket(settings);
  const keys = purged.map(({ key }) => key);
  const files = new Map<RecordingKey, string[]>(keys.map((key) => [key, []]));
  if (keys.length === 0) return files;
  const byName = await openOwner(
    root,
    settings,
    (await ledger.entriesOf(keys)).flatMap((entry) => entry?.ref ?? []),
  );
  const unknown = await unknownFiles(store, ledger, { stop, unreadable: () => {} });
  for await (const paths of inBatches(unknown)) {
    const keysNoted = noted ? await Promise.all(paths.map(async (path) => (await store.stat(path))?.key)) : [];
    paths.forEach((path, at) => {
      files.get(keysNoted[at] ?? byName(path) ?? "")?.push(path);
    });
  }
  return files;
}

/** Whose of these a file is, by its sidecar and its name alone. */
async function openOwner(
  root: string,
  settings: Settings,
  refs: readonly RecordingRef[],
): Promise<(path: string) => RecordingKey | undefined> {
  const pattern = settings.output ?? defaultTemplate;
  const byPattern = await openIdentify(root, settings, { byId: byId(refs), pattern });
  const longIds = byId(refs.filter(({ id }) => distinctive.test(id)));
  const byWord = await openIdentifyByName(settings, { byId: longIds, pattern: undefined });
  return (path) => {
    const found = byPattern(path);
    const ref = typeof found === "string" ? byWord(path) : found;
    return typeof ref === "string" ? undefined : ref.key;
  };
}

/** As many as are looked at at once. */
const batchSize = 32;

async function* inBatches(paths: AsyncIterable<string>): AsyncIterable<readonly string[]> {
  let batch: string[] = [];
  for await (const path of paths) {
    batch.push(path);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function byId(refs: readonly RecordingRef[]): ReadonlyMap<string, RecordingRef | null> {
  const known = new Map<string, RecordingRef | null>();
  for (const ref of refs) know(known, ref);
  return known;
}
