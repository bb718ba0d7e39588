import type { Settings } from "./config.ts";
import { RecordingError } from "./core/errors.ts";
import type { Selection } from "./core/ports.ts";
import { localText, parseWhen, zoneOf } from "./dates.ts";

/** The selection that the settings ask for, with every time as an instant and as local text. */
export function selectionOf(settings: Settings, nowMs: number): Selection {
  const timezone = zoneOf(settings.timezone);
  const fromMs = settings.from === undefined ? undefined : parseWhen(settings.from, nowMs, timezone, "--from");
  const toMs = settings.to === undefined ? undefined : parseWhen(settings.to, nowMs, timezone, "--to");
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new RecordingError("usage", "--from is not before --to: nothing could be selected.");
  }
  const { minAge, direction, extension, number, minDuration, recordingType } = settings;
  return {
    timezone,
    ...(fromMs === undefined ? {} : { fromMs, fromLocal: localText(fromMs, timezone) }),
    ...(toMs === undefined ? {} : { toMs, toLocal: localText(toMs, timezone) }),
    ...(minAge === undefined ? {} : { minAgeMs: minAge, youngLocal: localText(nowMs - minAge, timezone) }),
    ...(direction === undefined ? {} : { direction }),
    ...(extension === undefined ? {} : { extension }),
    ...(number === undefined ? {} : { number }),
    ...(minDuration === undefined ? {} : { minDurationSeconds: minDuration / 1000 }),
    ...(recordingType === undefined ? {} : { recordingType }),
  };
}
