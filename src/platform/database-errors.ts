import { type ErrorCode, RecordingError } from "../core/model/errors.ts";
import { printable } from "../core/text.ts";

const unreachable =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|ETIMEOUT|ENOENT|EACCES)$/;
const broken = /^(ECONNRESET|EPIPE|ESOCKET|ECLOSE|PROTOCOL_CONNECTION_LOST)$/;

const advice: Partial<Record<ErrorCode, string>> = {
  "login-refused": "the login was refused: check user and password",
  "permission-refused": "the user may not read this",
  usage: "check --database, --table and --query",
  unreachable: "the database server cannot be reached",
  tls: "the secure connection failed; in the URL ?sslrootcert=FILE names a private authority, ?sslmode=no-verify accepts any certificate and ?sslmode=disable goes without",
  reset: "the connection broke",
  "server-error": "the server cannot answer right now",
};

/**
 * A driver's error as one of ours. `known` reads the driver's own codes; what neither it nor the network's codes
 * explain happened while rows were read: the export failed. `words` say what a code means to the caller.
 */
export function explainError(
  error: Error,
  label: string,
  known: (error: Error) => ErrorCode | undefined,
  words: Partial<Record<ErrorCode, string>> = {},
): RecordingError {
  const code = known(error) ?? networkCode(error) ?? "bad-rows";
  const what = words[code] ?? advice[code] ?? "reading rows failed";
  const told = serverWords(error);
  return new RecordingError(code, `${label}: ${what}${told === "" ? "" : ` (${told})`}.`, { cause: error });
}

function networkCode(error: Error): ErrorCode | undefined {
  for (const one of causes(error)) {
    const code = (one as NodeJS.ErrnoException).code ?? "";
    if (unreachable.test(code)) return "unreachable";
    if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|^ERR_(TLS|SSL)|SSL/.test(code)) return "tls";
    if (broken.test(code)) return "reset";
  }
  if (/timeout expired|timed? ?out|connect ETIMEDOUT/i.test(error.message)) return "unreachable";
  if (/connection terminated|closed the connection|connection closed|not queryable/i.test(error.message))
    return "reset";
  if (/self.signed|certificate|SSL|TLS/.test(error.message)) return "tls";
  return undefined;
}

/** The error with what stands behind it, the innermost first: that one knows best what happened. */
function causes(error: Error): Error[] {
  const inner = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const cause = error.cause instanceof Error ? causes(error.cause) : [];
  return [...inner, ...cause, error];
}

/** A server's own words, fit to be shown: one line, no control characters, not endless. */
function serverWords(error: Error): string {
  const text = error.message || causes(error)[0]?.message || "";
  return printable(text).trim().slice(0, 300).replace(/\.$/, "");
}
