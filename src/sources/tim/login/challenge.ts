/** One scheme that a server offers in `WWW-Authenticate`. */
export interface Challenge {
  /** Lower-case. */
  readonly scheme: string;
  /** Names in lower case, values without their quotes. */
  readonly params: ReadonlyMap<string, string>;
}

const separator = /[\s,]+/y;
const token = /[\w!#$%&'*+.^`|~-]+/y;
const token68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const value = /[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~-]+))/y;

/**
 * Reads `WWW-Authenticate`, also several headers joined by commas (RFC 9110, 11.6.1). Whatever does not parse ends the
 * reading there: the challenges before it still count.
 */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < header.length) {
    take(separator);
    const name = take(token)?.[0].toLowerCase();
    if (name === undefined) break;
    const current = found.at(-1);
    const assigned = current === undefined ? null : take(value);
    if (assigned !== null) {
      const text = assigned[1]?.replace(/\\(.)/g, "$1") ?? assigned[2] ?? "";
      if (!current?.params.has(name)) current?.params.set(name, text);
    } else {
      found.push({ scheme: name, params: new Map() });
      take(token68);
    }
  }
  return found;
}

/** `name=value` pairs of a header without a scheme, such as `Authentication-Info`. */
export function parseParams(header: string): ReadonlyMap<string, string> {
  return parseChallenges(`info ${header}`)[0]?.params ?? new Map();
}
