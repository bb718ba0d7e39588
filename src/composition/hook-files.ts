import { createHash } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { RecordingKey, Stored } from "../core/model/recording.ts";
import { type FoundTranscripts, findTranscripts, removeTranscripts } from "../destinations/disk/transcripts.ts";
import { archiveFolder, archiveName, isBucket, spoolFolder } from "./archive.ts";
import type { BucketTranscripts } from "./bucket-transcripts.ts";
import { makeCopyFolder, removeLeftCopies } from "./hook-copies.ts";

type Recording = Pick<Stored, "path" | "sha256"> & { readonly key: RecordingKey };

/** A recording as a file on this machine, for one command. */
export interface HookFile extends AsyncDisposable {
  readonly file: string;
  /** What stands beside it by now of what was said in it, as the archive has it from then on. */
  transcripts(): Promise<FoundTranscripts>;
  /** Deletes all that stands beside it of what was said, for it was purged; the paths. Another recording's text stays. */
  takeBack(): Promise<readonly string[]>;
}

/** Gives commands the recordings of an archive: those of a folder as they stand, those of a bucket as copies. */
export interface HookFiles extends AsyncDisposable {
  /** How people are told of the recording. */
  nameOf(path: string): string;
  open(recording: Recording): Promise<HookFile>;
}

export function openHookFiles(settings: Settings, io: Io): HookFiles {
  return isBucket(settings) ? ofBucket(settings, io) : ofFolder(archiveFolder(settings, io));
}

function ofFolder(root: string): HookFiles {
  return {
    nameOf: (path) => join(root, path),
    async open({ path }) {
      const file = join(root, path);
      return {
        file,
        transcripts: () => findTranscripts(root, path),
        takeBack: async () => removeTranscripts(root, path),
        async [Symbol.asyncDispose]() {},
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}

function ofBucket(settings: Settings, io: Io): HookFiles {
  const spool = spoolFolder(settings, io);
  let opened: Promise<BucketTranscripts> | undefined;
  const bucket = () => {
    opened ??= import("./bucket-transcripts.ts").then((module) => {
      removeLeftCopies(spool);
      return module.openBucketTranscripts(settings, io);
    });
    return opened;
  };
  const nameOf = (path: string) => `${archiveName(settings, io)}/${path}`;
  return {
    nameOf,
    async open(recording) {
      const { store, keep } = await bucket();
      const folder = makeCopyFolder(spool, io.pid);
      const file = join(folder, basename(recording.path));
      const remove = () => rmSync(folder, { recursive: true, force: true });
      try {
        await copy(recording, store, file);
      } catch (error) {
        remove();
        throw error;
      }
      let brought: FoundTranscripts["transcripts"] = [];
      return {
        file,
        async transcripts() {
          const found = await findTranscripts(folder, basename(file));
          const all = await broughtToBucket(found, folder, recording, keep, nameOf);
          brought = all.transcripts;
          return all;
        },
        async takeBack() {
          const paths = brought.map(({ path }) => path);
          await Promise.all(paths.map((path) => store.remove(path)));
          return paths;
        },
        async [Symbol.asyncDispose]() {
          remove();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await (await opened)?.[Symbol.asyncDispose]();
    },
  };
}

/** The very bytes that were uploaded, or an error. */
async function copy({ path, sha256 }: Recording, store: BucketTranscripts["store"], file: string): Promise<void> {
  await using reading = await store.read(path);
  if (reading === undefined) throw new RecordingError("bad-answer", "it is not in the bucket");
  const hash = createHash("sha256");
  const target = await open(file, "wx", 0o600);
  try {
    for await (const chunk of reading.bytes) {
      hash.update(chunk);
      await target.writeFile(chunk);
    }
  } finally {
    await target.close();
  }
  if (hash.digest("hex") !== sha256)
    throw new RecordingError("bad-answer", "the bucket has other bytes than were uploaded");
}

/** Puts what a command left beside its copy beside the object. */
async function broughtToBucket(
  { transcripts, spoken, refused }: FoundTranscripts,
  folder: string,
  { key, path: audio }: Recording,
  keep: BucketTranscripts["keep"],
  nameOf: (path: string) => string,
): Promise<FoundTranscripts> {
  const above = dirname(audio) === "." ? "" : `${dirname(audio)}/`;
  const brought: FoundTranscripts["transcripts"][number][] = [];
  const taken: string[] = [];
  for (const transcript of transcripts) {
    const { bytes, sha256 } = transcript;
    const path = above + transcript.path;
    const body = { bytes, sha256, open: () => createReadStream(join(folder, transcript.path)) };
    if ((await keep(key, path, body)) === "kept") brought.push({ ...transcript, path });
    else taken.push(`${nameOf(path)}: another object has that name already.`);
  }
  return {
    transcripts: brought,
    spoken: brought.length === 0 ? { lines: [] } : spoken,
    refused: [...refused, ...taken],
  };
}
