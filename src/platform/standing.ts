import { lstatSync, type Stats } from "node:fs";
import { errno } from "./disk-error.ts";

/** What stands at a path, itself and not what it links to; undefined for nothing, also below what is no folder (Node 20 throws there). */
export function standing(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errno(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
