import { closeSync, writeFileSync } from "node:fs";
import { extensionMark } from "../../core/path-template.ts";
import type { Stored } from "../../core/recording.ts";
import { createFile, privateName } from "./partial.ts";
import { removeFile } from "./remove-file.ts";

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
