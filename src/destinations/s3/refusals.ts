import { type ErrorCode, RecordingError } from "../../core/model/errors.ts";
import type { ResponseHead } from "../../core/model/recording.ts";
import { isPassing, serverMs, waitOf } from "../../core/model/response-headers.ts";
import { printable } from "../../core/text.ts";
import type { HttpAnswer } from "../../http/client.ts";
import { nameOf, type S3Place } from "./address.ts";
import { textIn } from "./xml.ts";

/** The store's own name for what went wrong; undefined where it says none. */
export function codeOf({ body }: Pick<HttpAnswer, "body">): string | undefined {
  const text = body.toString("utf8");
  return text.includes("<Error>") ? textIn(text, "Code") : undefined;
}

const passingCodes = new Set(["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"]);
const damagedCodes = new Set(["XAmzContentSHA256Mismatch", "BadDigest", "IncompleteBody"]);

/** What is worth another try: the store is busy, or the bytes were damaged on the way; also where an answer of 200 says so. */
export function passingFault(answer: HttpAnswer, place: S3Place, nowMs: number): RecordingError | undefined {
  const code = answer.status === 404 ? undefined : codeOf(answer);
  const { status } = answer;
  const says = `${nameOf(place)}: the store answers ${status}${code === undefined ? "" : ` (${shown(code)})`}`;
  if (status === 501 || status === 507) return undefined;
  const busy = isPassing(status) || status >= 500 || status === 409 || (code !== undefined && passingCodes.has(code));
  if (busy) return new RecordingError("server-error", `${says}.`, { verdict: "retry", ...waitOf(answer, nowMs) });
  if (code !== undefined && damagedCodes.has(code)) {
    return new RecordingError("server-error", `${says}: what it received is not what was sent.`, { verdict: "retry" });
  }
  if (status < 300 && code !== undefined) {
    return new RecordingError("server-error", `${says} in an answer that looks like success.`, { verdict: "retry" });
  }
  return undefined;
}

/** Throws `bad-answer` where an answer that looks like success has not the XML that was asked for: a web page, or another service. */
export function mustBe(element: string, { body }: Pick<HttpAnswer, "body">, place: S3Place): void {
  if (body.subarray(0, 2048).includes(`<${element}`)) return;
  throw notS3(place);
}

/** What answers is no S3 server. */
export function notS3(place: S3Place): RecordingError {
  return new RecordingError(
    "bad-answer",
    `${nameOf(place)}: what answers there does not speak S3 (a web page, a login or another service?): check --s3-endpoint and the proxy.`,
    { verdict: "stop" },
  );
}

/** The store said that it took an object, and has it not, or not as it was sent. */
export function notKept(place: S3Place, path: string): RecordingError {
  return new RecordingError(
    "server-error",
    `${nameOf(place)}: the store said that it took ${path}, but does not have it as it was sent. Check --s3-endpoint and what stands before it.`,
    { verdict: "stop" },
  );
}

/** What a store's refusal means, for a person; `doing` says what was asked of it: `writing 2024/a.wav`. */
export function refusalOf(answer: HttpAnswer, place: S3Place, doing: string, nowMs: number): RecordingError {
  const known = refusals.find(({ fits }) => fits(answer, codeOf(answer)));
  const { code, message } = known?.tell(answer, place, nowMs) ?? {
    code: "http-error" as const,
    message: `the store answers ${answer.status}${codeText(answer)}`,
  };
  return new RecordingError(code, `${nameOf(place)}, ${doing}: ${message}.`, { verdict: "stop" });
}

interface Refusal {
  fits(answer: HttpAnswer, code: string | undefined): boolean;
  tell(answer: HttpAnswer, place: S3Place, nowMs: number): { readonly code: ErrorCode; readonly message: string };
}

function whenCode(pattern: RegExp): Refusal["fits"] {
  return (_, code) => code !== undefined && pattern.test(code);
}

const refusals: readonly Refusal[] = [
  {
    fits: (answer, code) => isRedirect(answer) || /^(PermanentRedirect|TemporaryRedirect)$/.test(code ?? ""),
    tell: (answer, place) => ({ code: "usage", message: elsewhere(answer, place) }),
  },
  {
    fits: whenCode(/^(AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/),
    tell: (answer, place) => ({ code: "usage", message: elsewhere(answer, place) }),
  },
  {
    fits: whenCode(/^(RequestTimeTooSkewed|RequestExpired)$/),
    tell: (answer, _, nowMs) => ({
      code: "login-refused",
      message: `${clockFault(answer, nowMs)}: no signature of this machine is accepted. Set its clock (NTP)`,
    }),
  },
  {
    fits: whenCode(/^(InvalidAccessKeyId|NotSignedUp)$/),
    tell: () => ({ code: "login-refused", message: "the store does not know this AWS_ACCESS_KEY_ID" }),
  },
  {
    fits: whenCode(/^(SignatureDoesNotMatch)$/),
    tell: () => ({
      code: "login-refused",
      message: "the store refuses the signature: AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID",
    }),
  },
  {
    fits: whenCode(/^(ExpiredToken|InvalidToken|TokenRefreshRequired)$/),
    tell: () => ({ code: "login-refused", message: "the session token has expired or is not valid: log in again" }),
  },
  {
    fits: (answer, code) => code === "NoSuchBucket" || (answer.status === 404 && code === undefined),
    tell: (_, { bucket }) => ({
      code: "usage",
      message: `there is no bucket ${bucket} there: check its name, --s3-endpoint and --s3-region; callreel does not create buckets`,
    }),
  },
  {
    fits: whenCode(/^(QuotaExceeded|XMinioStorageFull|InsufficientCapacity)$/),
    tell: (answer) => ({ code: "disk-full", message: `the store has no room for it${codeText(answer)}` }),
  },
  {
    fits: (answer) => answer.status === 507,
    tell: () => ({ code: "disk-full", message: "the store is full (507)" }),
  },
  {
    fits: whenCode(
      /^(InvalidRequest|InvalidArgument|ObjectLockConfigurationNotFoundError|InvalidStorageClass|KMS\..*)$/,
    ),
    tell: (answer) => ({
      code: "usage",
      message: `the store refuses what was asked${codeText(answer)}: check --s3-object-lock, --s3-sse and --s3-storage-class`,
    }),
  },
  {
    fits: (answer) => answer.status === 501,
    tell: () => ({
      code: "usage",
      message:
        "the store cannot do what was asked (501 Not Implemented): callreel needs PUT with If-None-Match, which keeps objects from being overwritten",
    }),
  },
  {
    fits: (answer) => answer.status === 401 || answer.status === 403,
    tell: () => ({
      code: "permission-refused",
      message:
        "permission denied. The key needs s3:GetObject, s3:PutObject and s3:ListBucket there (to purge also s3:DeleteObject, s3:DeleteObjectVersion and s3:ListBucketVersions)",
    }),
  },
];

function isRedirect({ status }: ResponseHead): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** Names the region or the address that a store sends to; its own words only where they have that form. */
function elsewhere(answer: HttpAnswer, { bucket }: S3Place): string {
  const body = answer.body.toString("utf8");
  const region = answer.headers["x-amz-bucket-region"] ?? textIn(body, "Region");
  if (region !== undefined && /^[a-z0-9-]{2,40}$/.test(region)) {
    return `bucket ${bucket} is in another region: give --s3-region ${region}`;
  }
  const location = answer.headers.location ?? "";
  const host = URL.canParse(location) ? new URL(location).host : textIn(body, "Endpoint");
  const where = host !== undefined && /^[\w.:[\]-]{1,255}$/.test(host) ? ` (it names ${host})` : "";
  return `bucket ${bucket} is elsewhere${where}: check --s3-endpoint and --s3-region`;
}

/** How far this machine's clock is from the store's. */
export function clockFault(head: ResponseHead, nowMs: number): string {
  const server = serverMs(head);
  if (server === undefined) return "this machine's clock differs from the store's";
  const minutes = Math.round(Math.abs(nowMs - server) / 60_000);
  return `this machine's clock is ${minutes} min ${nowMs > server ? "ahead of" : "behind"} the store's`;
}

function codeText(answer: HttpAnswer): string {
  const code = codeOf(answer);
  return code === undefined ? "" : ` (${shown(code)})`;
}

function shown(code: string): string {
  return printable(code)
    .replace(/[^\w.:-]/g, "")
    .slice(0, 64);
}
