import type { Settings } from "../cli/config.ts";
import type { Archive, PurgedFile } from "../core/model/ledger.ts";
import type { RecordingKey, RecordingRef } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { defaultTemplate } from "../core/naming/path-template.ts";
import { know, openIdentify, openIdentifyByName, unknownFiles } from "./adoption.ts";

/** An id that no other word of a file's name equals by chance. */
const distinctive = /^(?=.*\d)[\w-]{9,}$/;

/**
 * The files of purged recordings that no entry names, because the run that brought them was killed before it could record
 * them: known by their sidecars, else by the ids in their names.
 */
export async function unrecordedFiles(
  root: string,
  store: Store,
  settings: Settings,
  ledger: Archive,
  purged: readonly PurgedFile[],
  stop: AbortSignal,
): Promise<ReadonlyMap<RecordingKey, readonly string[]>> {
  const keys = purged.filter(({ path }) => path === undefined).map(({ key }) => key);
  const files = new Map<RecordingKey, string[]>(keys.map((key) => [key, []]));
  if (keys.length === 0) return files;
  const refs = (await ledger.entriesOf(keys)).flatMap((entry) => entry?.ref ?? []);
  const pattern = settings.output ?? defaultTemplate;
  const byPattern = await openIdentify(root, settings, { byId: byId(refs), pattern });
  const longIds = byId(refs.filter(({ id }) => distinctive.test(id)));
  const byWord = await openIdentifyByName(settings, { byId: longIds, pattern: undefined });
  for await (const path of await unknownFiles(store, ledger, { stop, unreadable: () => {} })) {
    const found = byPattern(path);
    const ref = typeof found === "string" ? byWord(path) : found;
    if (typeof ref !== "string") files.get(ref.key)?.push(path);
  }
  return files;
}

function byId(refs: readonly RecordingRef[]): ReadonlyMap<string, RecordingRef | null> {
  const known = new Map<string, RecordingRef | null>();
  for (const ref of refs) know(known, ref);
  return known;
}
