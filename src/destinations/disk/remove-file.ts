import { unlinkSync } from "node:fs";
import { errno } from "./disk-error.ts";

/** Removes a file if it is there; Node's `rmSync` asks what kind of file it is first. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
  }
}
