const noise = [
  /^\s*$/,
  /^"?#TYPE\b/,
  /^"?sep=.?"?$/i,
  /^Changed (database context|language setting)\b/,
  /^\(.*\d.*\)$/,
  /^Completion time: /,
  /^\d+ rows? in set\b/,
  /^[+|][-=+|:\s]*-{2}[-=+|:\s]*$/,
];

/** A line that carries no row and says nothing wrong: blank, `#TYPE`, `sep=`, `(3 rows affected)` in any language. */
export function isNoise(line: string): boolean {
  const text = line.trim();
  return noise.some((pattern) => pattern.test(text));
}

/** A line of the box that mysql draws around a table. */
export function isBorder(line: string): boolean {
  return /^\+(?:[-=]+\+)+\s*$/.test(line);
}

/** psql's line under the column names. */
export function isPsqlRule(line: string): boolean {
  return /^-+(?:\+-+)+\s*$/.test(line);
}

/** As isNoise, for a line that has as many separators as a row: only what no row looks like. */
export function isSurelyNoise(line: string): boolean {
  return surely.test(line.trim());
}

const surely = /^(\(\d[\d.,'\s]*\p{L}(?:[^()]|\(\p{L}+\))*\)|Changed (database context|language setting)\b.*)$/u;

const failures = [
  // `Msg 208, Level 16, State 1, …`, whose words are translated, and the tools' own failures.
  /^\p{L}+\.?\s?\d+, \p{L}+ \d+, \p{L}+ \d+/u,
  /^HResult 0x[\dA-F]+, Level \d+/i,
  /^Sqlcmd: /,
  /^SQLState = /,
];

/** A line by which the exporting tool says that the export failed. */
export function isFailure(line: string): boolean {
  return failures.some((pattern) => pattern.test(line));
}

/** sqlcmd's line under the header: runs of dashes, one separator or blanks between them. */
export function isDashLine(line: string): boolean {
  return line.length > 1 && dashes.test(line);
}

const dashes = /^ *-+ *(?:([^-\w\s"']|\t) *-+ *(?:\1 *-+ *)*| +-+(?: +-+)* *)?$/;
