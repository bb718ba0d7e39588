import { asRecordingError } from "./errors.ts";
import type { DownloadEvent } from "./events.ts";
import type { Destination } from "./ports.ts";
import type { RecordingRef, Stored } from "./recording.ts";

interface Around {
  readonly destination: Pick<Destination, "remove">;
  readonly tell: (event: DownloadEvent) => void;
}

/**
 * What is left to do once a recording that was held before is safe and recorded anew: tells when it changed at its source,
 * and takes the old file away where the new one has another type and so another name.
 */
export function settleReplaced(ref: RecordingRef, before: Stored, stored: Stored, around: Around): void {
  if (before.sha256 !== stored.sha256) warn(changed(ref, before, stored), around);
  if (before.path === stored.path || stem(before.path) !== stem(stored.path)) return;
  try {
    around.destination.remove?.(before.path);
  } catch (thrown) {
    const { message } = asRecordingError(thrown);
    warn(`${before.path} was replaced by ${stored.path} and could not be removed: ${message}`, around);
  }
}

/** A recording is masked or edited at its source after the fact: told, and no sign of a damaged archive. */
function changed({ key }: RecordingRef, before: Stored, stored: Stored): string {
  return `${key} changed at the source since it was fetched last, as masking does: its SHA-256 was ${before.sha256} and is ${stored.sha256}.`;
}

function warn(message: string, { tell }: Around): void {
  tell({ event: "notice", level: "warning", message });
}

function stem(path: string): string {
  return path.replace(/\.[^./]+$/, "");
}
