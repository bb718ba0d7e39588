import { appendFileSync } from "node:fs";

/**
 * Adds one kind of hostile situation to the count, a line of JSON in the file that `CALLREEL_TRIES` names; without it
 * nothing is counted.
 */
export function countTries(kind: string, tries: number, failures: number): void {
  const file = process.env.CALLREEL_TRIES;
  if (file) appendFileSync(file, `${JSON.stringify({ kind, tries, failures })}\n`);
}
