import type { Settings } from "../config.ts";
import type { EntryFilter } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { selectionOf } from "../selection.ts";

/** The part of a selection that the archive's own catalogue understands. */
export function entryFilterOf(settings: Settings, io: Io): EntryFilter {
  const window = selectionOf(settings, io.clock.now());
  return {
    ...(settings.source === undefined ? {} : { source: settings.source }),
    ...(window.fromMs === undefined && window.toMs === undefined ? {} : { window }),
    ...(settings.number === undefined ? {} : { number: settings.number }),
  };
}
