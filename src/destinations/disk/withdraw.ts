import { join } from "node:path";
import type { RecordingKey, Stored } from "../../core/recording.ts";
import { hashOfFile } from "./adopt.ts";
import { openEraser } from "./eraser.ts";
import { openPartsOf } from "./partial.ts";
import { sidecarsOf } from "./sidecar.ts";

/**
 * Deletes what came of a recording that was purged while it was on its way: all its parts, and the file `stored` with its
 * sidecar, unless other bytes stand at its path by now. Returns the paths that are free again.
 */
export async function withdraw(root: string, key: RecordingKey, stored: Stored | undefined): Promise<string[]> {
  const eraser = openEraser(root);
  const ours = stored !== undefined && (await hashOfFile(join(root, stored.path))) === stored.sha256;
  const paths = [...openPartsOf(root)(key), ...(ours ? [stored.path, ...sidecarsOf(stored.path)] : [])];
  const erased = paths.filter((path) => eraser.erase(path));
  eraser.sync();
  return erased;
}
