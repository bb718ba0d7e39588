import { closeSync, createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Stored } from "../../core/model/recording.ts";
import { extensionMark } from "../../core/naming/path-template.ts";
import { openPlain, readSmallFile } from "../../platform/small-file.ts";
import { standing } from "../../platform/standing.ts";
import { createFile, privateName, removeFile } from "./part-files.ts";

/** A sidecar that waits for its audio: the open file, where it stands, and where it goes. */
export interface Sidecar {
  readonly fd: number;
  readonly from: string;
  readonly path: string;
}

/** Made beside the part: `name.info.json` beside `name.wav`: what is known of the call, and as `file` what was stored. */
export function writeSidecar(
  part: string,
  template: string,
  stored: Stored,
  known: Readonly<Record<string, unknown>>,
): Sidecar {
  const { resumedFrom: _, ...file } = stored;
  const from = privateName(part.replace(/part$/, "info.part"));
  const fd = createFile(from);
  try {
    writeFileSync(fd, `${JSON.stringify({ ...known, file }, null, 2)}\n`);
  } catch (error) {
    closeSync(fd);
    removeFile(from);
    throw error;
  }
  const marked = template.endsWith(`.${extensionMark}`);
  const stem = marked ? stored.path.slice(0, stored.path.lastIndexOf(".")) : stored.path;
  return { fd, from, path: `${stem}.info.json` };
}

/** The sidecars that a finished file may have, whichever template named it. */
export function sidecarsOf(path: string): readonly string[] {
  return [...new Set([path.replace(/\.[^./]+$/, ""), path])].map((stem) => `${stem}.info.json`);
}

/** A hash that a file of the archive had once, and which file says so. */
export interface KnownHash {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly by: string;
}

/** What sidecars and `SHA256SUMS` say of a file of the archive; a file that is another one now is damaged, whoever finds it. */
export type KnownHashes = (path: string) => Promise<readonly KnownHash[]>;

const mostSidecarBytes = 1 << 20;

/** `SHA256SUMS` is read once, at the first question. */
export function openKnownHashes(root: string): KnownHashes {
  let sums: Promise<ReadonlyMap<string, string>> | undefined;
  return async (path) => {
    sums ??= readSums(join(root, "SHA256SUMS"));
    const summed = (await sums).get(path);
    const told = sidecarHash(root, path);
    return [
      ...(told === undefined ? [] : [told]),
      ...(summed === undefined ? [] : [{ sha256: summed, by: "SHA256SUMS" }]),
    ];
  };
}

/** Why a file that stands there must not be taken for the one that came, or undefined when nothing speaks against it. */
export async function disownedBecause(known: KnownHashes, path: string, sha256: string): Promise<string | undefined> {
  const against = (await known(path)).find((each) => each.sha256 !== sha256);
  return (
    against &&
    `it is damaged or another one: ${against.by} says it came with SHA-256 ${against.sha256}, it has ${sha256}`
  );
}

/**
 * The hash that the file's own sidecar noted, under either name; one that names another file says nothing of this one.
 * `stands` tells whether there is a file of a name: most have none, and to hear that as an error costs more than to read
 * a small recording.
 */
export function sidecarHash(
  root: string,
  path: string,
  stands = (name: string) => standing(join(root, name)) !== undefined,
): KnownHash | undefined {
  for (const name of sidecarsOf(path)) {
    try {
      if (!stands(name)) continue;
      const { file } = JSON.parse(readSmallFile(join(root, name), mostSidecarBytes)) as {
        file?: Record<string, unknown>;
      };
      const { path: of, sha256 } = file ?? {};
      if (of === path && typeof sha256 === "string") return { sha256: sha256.toLowerCase(), by: name };
    } catch {
      // None, or not one of ours.
    }
  }
  return undefined;
}

async function readSums(path: string): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  try {
    const lines = createInterface({
      input: createReadStream(path, { fd: openPlain(path) }),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const [, escaped = "", sha256 = "", name] = /^(\\?)([0-9a-fA-F]{64}) [ *](.+)$/.exec(line) ?? [];
      if (name === undefined) continue;
      const plain = escaped === "" ? name : name.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
      sums.set(plain.replace(/^\.\//, ""), sha256.toLowerCase());
    }
  } catch {
    // None, or not to be read: then it says nothing.
  }
  return sums;
}
