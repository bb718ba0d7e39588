import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { diskError, errno } from "../destinations/disk/disk-error.ts";

/** A line of `.callreel/seals`: a head that somebody outside can vouch for, from the time it is sealed. Times are ISO 8601 in UTC. */
export type Seal = { readonly head: string; readonly at: string } & (
  | { readonly key: string; readonly signature: string }
  /** The whole answer of the authority (TimeStampResp, DER) in base64. */
  | { readonly stamp: string }
);

/** Adds a seal, safe on disk when this returns; never through a link. */
export function appendSeal(root: string, seal: Seal): void {
  const path = pathIn(root);
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  try {
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      writeSync(file, `${JSON.stringify(seal)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskError(error, path);
  }
}

/** The archive's seals in the order they came; undefined stands for a line that is none. */
export function readSeals(root: string): readonly (Seal | undefined)[] {
  try {
    return readFileSync(pathIn(root), "utf8").split("\n").filter(Boolean).map(sealOf);
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw diskError(error, pathIn(root));
  }
}

function pathIn(root: string): string {
  return join(root, ".callreel", "seals");
}

function sealOf(line: string): Seal | undefined {
  try {
    const seal = JSON.parse(line) as Record<string, unknown>;
    const isText = (name: string) => typeof seal[name] === "string";
    const whole = isText("head") && isText("at") && (isText("stamp") || (isText("key") && isText("signature")));
    return whole ? (seal as unknown as Seal) : undefined;
  } catch {
    return undefined;
  }
}
