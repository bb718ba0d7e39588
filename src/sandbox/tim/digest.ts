import { createHash, randomBytes } from "node:crypto";
import type { DigestAlgorithm, TimSettings } from "./site-settings.ts";

/** What became of a Digest answer: `stale` means right, but for a nonce that is used up or too old. */
export type DigestResult = "right" | "wrong" | "stale";

/** The server's side of RFC 7616 (and of RFC 2069 where qop is `none`). */
export interface DigestServer {
  challenges(stale: boolean): string[];
  check(authorization: string, method: string, target: string): DigestResult;
}

interface Nonce {
  readonly issuedAt: number;
  readonly algorithm: DigestAlgorithm;
  readonly counts: Set<string>;
}

const opaque = "5ccc069c403ebaf9f0171e9517f40e41";
const maxNonces = 100_000;

export function openDigestServer(settings: () => TimSettings["login"], now: () => number): DigestServer {
  const nonces = new Map<string, Nonce>();

  return {
    challenges(stale) {
      const { realm, algorithms, qop } = settings();
      return algorithms.map((algorithm) => {
        const nonce = issue(algorithm);
        const parts = [
          `realm="${realm}"`,
          ...(qop === "auth" ? ['qop="auth"'] : []),
          ...(algorithm === "MD5" && qop === "none" ? [] : [`algorithm=${algorithm}`]),
          `nonce="${nonce}"`,
          `opaque="${opaque}"`,
          ...(stale ? ["stale=true"] : []),
        ];
        return `Digest ${parts.join(", ")}`;
      });
    },
    check(authorization, method, target) {
      const fields = parseDigest(authorization);
      const nonce = nonces.get(fields.nonce ?? "");
      if (!fields.nonce || !isAnswerFor(fields, target, settings())) return "wrong";
      const algorithm = (fields.algorithm ?? "MD5") as DigestAlgorithm;
      if (!settings().algorithms.includes(algorithm) || (nonce && nonce.algorithm !== algorithm)) return "wrong";
      if (expected(fields, algorithm, method, settings()) !== fields.response) return "wrong";
      return nonce ? use(nonce, fields.nc ?? "") : "stale";
    },
  };

  function issue(algorithm: DigestAlgorithm): string {
    const nonce = randomBytes(18).toString("base64url");
    if (nonces.size >= maxNonces) nonces.delete(nonces.keys().next().value!);
    nonces.set(nonce, { issuedAt: now(), algorithm, counts: new Set() });
    return nonce;
  }

  function use(nonce: Nonce, count: string): DigestResult {
    const { nonceLifeMs, nonceReusable, qop } = settings();
    if (now() - nonce.issuedAt >= nonceLifeMs) return "stale";
    if (!nonceReusable && nonce.counts.size > 0) return "stale";
    if (qop === "auth" && nonce.counts.has(count)) return "stale";
    nonce.counts.add(count);
    return "right";
  }
}

type Fields = Readonly<Record<string, string | undefined>>;

function isAnswerFor(fields: Fields, target: string, { username, realm, qop }: TimSettings["login"]): boolean {
  const withQop = fields.qop === "auth" && /^[0-9a-f]{8}$/i.test(fields.nc ?? "") && !!fields.cnonce;
  return (
    fields.username === username &&
    fields.realm === realm &&
    fields.uri === target &&
    fields.opaque === opaque &&
    (qop === "auth" ? withQop : fields.qop === undefined)
  );
}

function expected(fields: Fields, algorithm: DigestAlgorithm, method: string, login: TimSettings["login"]): string {
  const hash = (text: string) => createHash(hashName(algorithm)).update(text, "utf8").digest("hex");
  const secret = hash(`${login.username}:${login.realm}:${login.password}`);
  const first = algorithm.endsWith("-sess") ? hash(`${secret}:${fields.nonce}:${fields.cnonce}`) : secret;
  const second = hash(`${method}:${fields.uri}`);
  const middle = fields.qop ? `${fields.nonce}:${fields.nc}:${fields.cnonce}:${fields.qop}` : fields.nonce;
  return hash(`${first}:${middle}:${second}`);
}

function hashName(algorithm: DigestAlgorithm): string {
  if (algorithm.startsWith("MD5")) return "md5";
  return algorithm.startsWith("SHA-256") ? "sha256" : "sha512-256";
}

/** `Digest name=token, name="quoted \" text"` as a record with lower-case names. */
function parseDigest(authorization: string): Fields {
  const fields: Record<string, string> = {};
  const bytes = Buffer.from(authorization.slice("Digest ".length), "latin1").toString("utf8");
  for (const [, name, quoted, token] of bytes.matchAll(/([\w-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g))
    fields[name!.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? token!;
  return fields;
}
