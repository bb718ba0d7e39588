import { RecordingError } from "../core/model/errors.ts";

/** Settings that answer one question in two ways. */
const alternatives = [
  ["month", "from"],
  ["month", "to"],
  ["month", "since"],
  ["month", "before"],
  ["since", "from"],
  ["before", "to"],
  ["utc", "timezone"],
] as const;

/**
 * Leaves one of two settings that exclude each other: the one that was given nearer, as a flag rather than a variable,
 * as a variable rather than in a profile. Two that were given in the same way are a contradiction, refused as `usage`.
 */
export function settleAlternatives(settings: Record<string, unknown>, origins: Record<string, string>): void {
  if (settings.utc === false) delete settings.utc;
  for (const [one, other] of alternatives) {
    if (settings[one] === undefined || settings[other] === undefined) continue;
    const [first = "", second = ""] = [origins[one], origins[other]];
    if (distance(first) === distance(second)) {
      throw new RecordingError("usage", `${first} and ${second} exclude each other; give one of them.`);
    }
    const farther = distance(first) > distance(second) ? one : other;
    delete settings[farther];
    delete origins[farther];
  }
  if (settings.utc !== undefined) settings.timezone = "UTC";
}

function distance(origin: string): number {
  if (origin.startsWith("--")) return 0;
  return origin.startsWith("profile ") ? 2 : 1;
}
