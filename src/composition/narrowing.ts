import type { Invocation } from "../cli/io.ts";
import { allOptions } from "../cli/options/groups.ts";
import { optionName } from "../cli/options/option.ts";
import { formatDuration } from "../core/text.ts";

/** A setting that leaves calls out of a comparison, and where it was given. */
export interface Narrowing {
  readonly setting: string;
  readonly value: string;
  /** As `--direction`, `CALLREEL_DIRECTION` or `profile default in /home/me/.config/callreel/config.json`. */
  readonly origin: string;
}

const filters = ["direction", "extension", "number", "minDuration", "recordingType", "minAge"] as const;
const windows = ["from", "to", "month"] as const;

/**
 * What leaves calls out of a comparison: every filter, and a window that the command line does not name. Whoever reads
 * the result has to know of them: what they leave out may be missing.
 */
export function narrowingsOf({ settings, origins }: Pick<Invocation, "settings" | "origins">): readonly Narrowing[] {
  const of = (key: (typeof filters)[number] | (typeof windows)[number]): readonly Narrowing[] => {
    const [value, origin] = [settings[key], origins[key]];
    if (value === undefined || origin === undefined || value === "all" || value === 0) return [];
    const text = typeof value === "number" ? formatDuration(value) : value;
    return [{ setting: optionName(key, allOptions[key]), value: text, origin }];
  };
  const { kinds } = settings;
  const withoutCalls = kinds !== undefined && !kinds.includes("calls");
  const ofKinds = withoutCalls ? [{ setting: "kinds", value: kinds.join(), origin: origins.kinds ?? "--kinds" }] : [];
  return [...ofKinds, ...filters.flatMap(of), ...windows.flatMap(of).filter(({ origin }) => !origin.startsWith("--"))];
}

/** `--direction inbound, extension 101 (profile default in …)`. */
export function narrowingsInWords(narrowings: readonly Narrowing[]): string {
  return narrowings
    .map(({ setting, value, origin }) =>
      origin.startsWith("--") ? `${origin} ${value}` : `${setting} ${value} (${origin})`,
    )
    .join(", ");
}
