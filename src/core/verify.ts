import pLimit from "p-limit";
import type { LedgerEntry } from "./ports.ts";

/** What a finished file turned out to be when it was read again. */
export interface FileState {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Difference {
  readonly kind: "missing" | "changed" | "unknown-file" | "run-record" | "audit-record" | "outcome" | "head";
  readonly key?: string;
  readonly path?: string;
  readonly message: string;
}

export interface VerifyPorts {
  /** Reads and hashes a file of the archive; undefined when it is not there. */
  readonly hash: (path: string) => Promise<FileState | undefined>;
  readonly differs: (difference: Difference) => void;
  /** Told after each file. */
  readonly checked: (bytes: number) => void;
}

/** Part `part` of `of` parts of an archive, told by a hash of the key: the same recordings fall into the same part each time. */
export interface Subset {
  readonly part: number;
  readonly of: number;
}

/** Re-reads what the ledger calls done, a few files at a time, and reports each file that is missing or not as it came. */
export async function verifyEntries(
  pages: AsyncIterable<readonly LedgerEntry[]>,
  subset: Subset | undefined,
  parallel: number,
  ports: VerifyPorts,
): Promise<void> {
  const limit = pLimit(parallel);
  for await (const page of pages) {
    const chosen = page.filter((entry) => subset === undefined || partOf(entry.ref.key, subset.of) === subset.part - 1);
    await Promise.all(chosen.map((entry) => limit(() => verifyOne(entry, ports))));
  }
}

async function verifyOne({ ref, stored }: LedgerEntry, { hash, differs, checked }: VerifyPorts): Promise<void> {
  if (stored === undefined) return;
  const { key } = ref;
  const { path } = stored;
  const found = await hash(path);
  if (found === undefined) differs({ kind: "missing", key, path, message: "the file is not there" });
  else if (found.bytes !== stored.bytes) {
    differs({ kind: "changed", key, path, message: `${found.bytes} bytes instead of ${stored.bytes}` });
  } else if (found.sha256 !== stored.sha256) {
    differs({ kind: "changed", key, path, message: "the SHA-256 is not the one it came with" });
  }
  checked(found?.bytes ?? 0);
}

/** FNV-1a over the key: stable, even, and without a table. */
function partOf(key: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts;
}
