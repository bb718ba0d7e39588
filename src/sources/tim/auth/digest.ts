import { createHash } from "node:crypto";

/** What a Digest server asked for (RFC 7616, 3.3), as far as it matters here. */
export interface DigestOffer {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server wrote it; absent means MD5. */
  readonly algorithm: string | undefined;
  readonly qop: "auth" | "auth-int" | undefined;
  readonly userhash: boolean;
  readonly utf8: boolean;
  readonly stale: boolean;
}

export interface DigestRequest {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** Path and query exactly as they go out. */
  readonly uri: string;
  /** How many requests this nonce has served, this one included. */
  readonly nc: number;
  readonly cnonce: string;
}

/** Hash names by strength, weakest first. */
const hashes: readonly (readonly [algorithm: string, hash: string])[] = [
  ["md5", "md5"],
  ["sha-256", "sha256"],
  ["sha-512-256", "sha512-256"],
];

/** The strongest Digest among the challenges that can be answered here. */
export function strongestDigest(challenges: readonly Challenge[]): DigestOffer | undefined {
  let best: DigestOffer | undefined;
  for (const challenge of challenges) {
    const offer = challenge.scheme === "digest" ? digestOffer(challenge.params) : undefined;
    if (offer !== undefined && (best === undefined || strength(offer) > strength(best))) best = offer;
  }
  return best;
}

/** The Authorization header that answers an offer, without a body (RFC 7616, 3.4). */
export function digestAuthorization(offer: DigestOffer, request: DigestRequest): string {
  const { realm, nonce, qop, algorithm } = offer;
  const { cnonce } = request;
  const normal = (text: string) => (offer.utf8 ? text.normalize("NFC") : text);
  const user = normal(request.user);
  const session = /-sess$/i.test(algorithm ?? "");
  const hash = hasher(offer);
  const nc = request.nc.toString(16).padStart(8, "0");
  const secret = hash(`${user}:${realm}:${normal(request.password)}`);
  const a1 = session ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  const a2 = hash(`${request.method}:${request.uri}${qop === "auth-int" ? `:${hash("")}` : ""}`);
  const response =
    qop === undefined ? hash(`${a1}:${nonce}:${a2}`) : hash(`${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`);
  return `Digest ${[
    userParam(offer, user, hash),
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(request.uri)}`,
    `response="${response}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(offer.opaque === undefined ? [] : [`opaque=${quoted(offer.opaque)}`]),
    ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${nc}`]),
    ...(qop !== undefined || session ? [`cnonce="${cnonce}"`] : []),
    ...(offer.userhash ? ["userhash=true"] : []),
  ].join(", ")}`;
}

function digestOffer(params: ReadonlyMap<string, string>): DigestOffer | undefined {
  const nonce = params.get("nonce");
  const algorithm = params.get("algorithm");
  const qops = params
    .get("qop")
    ?.toLowerCase()
    .split(/[\s,]+/);
  const qop = qops?.includes("auth") ? "auth" : qops?.includes("auth-int") ? "auth-int" : undefined;
  if (nonce === undefined || (qops !== undefined && qop === undefined)) return undefined;
  const offer: DigestOffer = {
    realm: params.get("realm") ?? "",
    nonce,
    opaque: params.get("opaque"),
    algorithm,
    qop,
    userhash: params.get("userhash")?.toLowerCase() === "true",
    utf8: params.get("charset")?.toLowerCase() === "utf-8",
    stale: params.get("stale")?.toLowerCase() === "true",
  };
  return strength(offer) === -1 ? undefined : offer;
}

function strength({ algorithm = "MD5" }: DigestOffer): number {
  const plain = algorithm.toLowerCase().replace(/-sess$/, "");
  return hashes.findIndex(([name]) => name === plain);
}

function hasher(offer: DigestOffer): (text: string) => string {
  const name = hashes[strength(offer)]?.[1] ?? "md5";
  return (text) => createHash(name).update(text, "utf8").digest("hex");
}

/** RFC 7616, 3.4: hashed where the server wishes it; extended notation where letters beyond ASCII may be told so. */
function userParam({ realm, userhash, utf8 }: DigestOffer, user: string, hash: (text: string) => string): string {
  if (userhash) return `username="${hash(`${user}:${realm}`)}"`;
  const ascii = /^[\x20-\x7e]*$/.test(user);
  return utf8 && !ascii
    ? `username*=UTF-8''${encodeURIComponent(user).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`
    : `username=${quoted(user)}`;
}

/** A quoted-string; letters beyond ASCII go out as their UTF-8 bytes, one header character each. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&");
  return `"${/^[\x20-\x7e]*$/.test(escaped) ? escaped : Buffer.from(escaped, "utf8").toString("latin1")}"`;
}

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
