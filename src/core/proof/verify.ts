import pLimit from "p-limit";
import { RecordingError } from "../model/errors.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { RecordingKey } from "../model/recording.ts";
import { formatCount, formatNumberOf } from "../text.ts";
import type { Transcript } from "../transcripts/spoken.ts";

/** What a finished file turned out to be when it was read again. */
export interface FileState {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Difference {
  readonly kind:
    | "missing"
    | "changed"
    | "unreadable"
    | "sidecar"
    | "ledger"
    | "lock"
    | "unknown-file"
    | "run-record"
    | "audit-record"
    | "outcome"
    | "hold"
    | "head"
    | "seal";
  readonly key?: string;
  readonly path?: string;
  /** The file is a transcript: the recording itself has no fault by this. */
  readonly transcript?: true;
  readonly message: string;
}

export interface VerifyPorts {
  /**
   * Reads and hashes a file of the archive, of which so many bytes are expected; undefined when it is not there. Throws
   * `disk-io` or `unsafe-path` where there is no file to read.
   */
  readonly hash: (path: string, key: RecordingKey, bytes: number) => Promise<FileState | undefined>;
  /** The hash that the file's sidecar names, and the sidecar's own name; undefined when there is none. */
  readonly sidecarHash?: (path: string) => { readonly sha256: string; readonly by: string } | undefined;
  readonly differs: (difference: Difference) => void;
  /** Told of each held recording that turns out damaged, and of each that was thought so and is not (no message). */
  readonly damaged?: (key: RecordingKey, message: string | undefined) => void;
  /** Told after each file. */
  readonly checked: (bytes: number) => void;
  /** Once aborted, what is not read yet is left out, without a word: whoever stopped it must not take that for a result. */
  readonly stop?: AbortSignal;
}

/** Part `part` of `of` parts of an archive, told by a hash of the key: the same recordings fall into the same part each time. */
export interface Subset {
  readonly part: number;
  readonly of: number;
}

/** Re-reads what the ledger calls done, a few files at a time, and reports each file that is missing or not as it came. */
export async function verifyEntries(
  pages: AsyncIterable<readonly LedgerEntry[]> | Iterable<readonly LedgerEntry[]>,
  subset: Subset | undefined,
  parallel: number,
  ports: VerifyPorts,
): Promise<void> {
  const limit = pLimit(parallel);
  for await (const page of pages) {
    const chosen = page.filter((entry) => subset === undefined || partOf(entry.ref.key, subset.of) === subset.part - 1);
    await Promise.all(chosen.map((entry) => limit(() => verifyUnlessStopped(entry, ports))));
  }
}

async function verifyUnlessStopped(entry: LedgerEntry, ports: VerifyPorts): Promise<void> {
  if (ports.stop?.aborted) return;
  try {
    await verifyOne(entry, ports);
  } catch (error) {
    if (!ports.stop?.aborted) throw error;
  }
}

async function verifyOne({ ref, stored, damage, transcripts = [] }: LedgerEntry, ports: VerifyPorts): Promise<void> {
  if (stored === undefined) return;
  const { key } = ref;
  const { path } = stored;
  const found = await ports.hash(path, key, stored.bytes).catch(reasonOf);
  const fault = faultOf(found, stored);
  if (fault !== undefined) ports.differs({ ...fault, key, path });
  if (fault?.message !== damage) ports.damaged?.(key, fault?.message);
  const sidecar = ports.sidecarHash?.(path);
  if (sidecar !== undefined && sidecar.sha256 !== stored.sha256) {
    ports.differs({ kind: "sidecar", key, path: sidecar.by, message: "it has a different SHA-256 from the ledger" });
  }
  let bytes = sizeOf(found);
  for (const transcript of transcripts) bytes += await verifyTranscript(key, transcript, ports);
  ports.checked(bytes);
}

async function verifyTranscript(key: RecordingKey, transcript: Transcript, ports: VerifyPorts): Promise<number> {
  const { path } = transcript;
  const found = await ports.hash(path, key, transcript.bytes).catch(reasonOf);
  const fault = faultOf(found, transcript, "noted");
  if (fault !== undefined) ports.differs({ ...fault, key, path, transcript: true });
  return sizeOf(found);
}

function sizeOf(found: FileState | string | undefined): number {
  return typeof found === "string" ? 0 : (found?.bytes ?? 0);
}

function faultOf(
  found: FileState | string | undefined,
  stored: FileState,
  since = "downloaded",
): Pick<Difference, "kind" | "message"> | undefined {
  if (typeof found === "string") return { kind: "unreadable", message: found };
  if (found === undefined) return { kind: "missing", message: "the file is not there" };
  if (found.bytes !== stored.bytes)
    return {
      kind: "changed",
      message: `${formatNumberOf(found.bytes, "byte")} instead of ${formatCount(stored.bytes)}`,
    };
  if (found.sha256 === stored.sha256) return undefined;
  return { kind: "changed", message: `its SHA-256 has changed since it was ${since}` };
}

/** One file that cannot be read is a finding; the others are read all the same. */
function reasonOf(error: unknown): string {
  if (error instanceof RecordingError && (error.code === "disk-io" || error.code === "unsafe-path"))
    return error.message;
  throw error;
}

/** FNV-1a over the key: stable, even, and without a table. */
function partOf(key: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts;
}
