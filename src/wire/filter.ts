import type { Settings } from "../config.ts";
import type { EntryFilter } from "../core/ports.ts";
import type { Io } from "../io.ts";
import { selectionOf } from "../selection.ts";

/** The part of a selection that the archive's own catalogue understands; starts are compared as the source wrote them. */
export function entryFilterOf(settings: Settings, io: Io): EntryFilter {
  const selection = selectionOf(settings, io.clock.now());
  const { fromLocal, toLocal } = selection;
  return {
    ...(settings.source === undefined ? {} : { source: settings.source }),
    ...(fromLocal === undefined ? {} : { from: bound(selection.fromMs, fromLocal, settings) }),
    ...(toLocal === undefined ? {} : { to: bound(selection.toMs, toLocal, settings) }),
    ...(settings.number === undefined ? {} : { number: settings.number }),
  };
}

/** RingCentral's starts are instants in UTC, TIM's are local: the bound is written as the source writes them. */
function bound(ms: number | undefined, local: string, { source }: Settings): string {
  return source === "tim" || ms === undefined ? local : new Date(ms).toISOString();
}
