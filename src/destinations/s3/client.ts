/*
 * One place signs, sends and repeats. The key never leaves this file but as a signature, which is good for one host alone:
 * redirects are not followed, they are told.
 */

import { AwsV4Signer } from "aws4fetch";
import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Clock } from "../../core/model/ports.ts";
import type { ResponseHead } from "../../core/model/recording.ts";
import { defaultRetryPolicy, type RetryPolicy, retried, retryDelay } from "../../core/retry.ts";
import type { Http, HttpAnswer } from "../../http/client.ts";
import { nameOf, type S3Place, type S3Server, urlOf } from "./address.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { type OpenBody, openBody } from "./read-body.ts";
import { codeOf, passingFault } from "./refusals.ts";

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** The object's whole key; empty for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: S3Body;
  /** Longest answer to take; 64 KiB unless told. */
  readonly maxBytes?: number;
  /** One try alone, whose answer is given back whatever it says. */
  readonly once?: true;
  /** As anybody asks who has no key. */
  readonly unsigned?: true;
}

/** What is sent, and its hash, which is signed along: no store that heeds it keeps other bytes. */
export interface S3Body {
  readonly sha256: string;
  readonly bytes: number;
  /** Opened anew for each try. */
  open(): string | Uint8Array | AsyncIterable<Uint8Array>;
}

export interface S3ClientSettings {
  readonly place: S3Place;
  readonly server: S3Server;
  readonly credentials: CredentialSource;
  readonly http: Http;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retry?: RetryPolicy;
}

/** Signed requests to one bucket, repeated where what failed may pass. */
export interface S3Client extends AsyncDisposable {
  readonly place: S3Place;
  readonly server: S3Server;
  /** The answer, whatever it says but that it may pass (5xx, 429). Throws where none came after all tries. */
  send(request: S3Request, signal: AbortSignal): Promise<HttpAnswer>;
  /** A URL that reads the object for so many seconds; the one who has it needs no key. */
  presign(key: string, query: Readonly<Record<string, string>>, seconds: number): Promise<string>;
  /** The same, its body to be read as it comes. */
  open(request: S3Request, signal: AbortSignal): Promise<OpenBody>;
}

/** SHA-256 of nothing. */
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const smallAnswer = 64 * 1024;

export function openS3Client(settings: S3ClientSettings): S3Client {
  const { place, server, credentials, http, clock, random, retry = defaultRetryPolicy } = settings;
  const signingKeys = new Map<string, ArrayBuffer>();
  let answered = false;

  async function ask(request: S3Request, keys: Credentials, signal: AbortSignal): Promise<HttpAnswer> {
    const { maxBytes = smallAnswer } = request;
    return http.request({ ...(await signedRequest(request, settings, keys, signingKeys)), maxBytes }, signal);
  }

  /** The refusal of a HEAD has no words: why it was refused, the same store says when asked for a byte. */
  async function askInWords(request: S3Request, keys: Credentials, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await ask(request, keys, signal);
    if (request.method !== "HEAD" || (answer.status !== 400 && answer.status !== 403)) return answer;
    const said = await ask({ ...request, method: "GET", headers: { range: "bytes=0-0" } }, keys, signal);
    return said.status === answer.status ? { ...answer, body: said.body } : answer;
  }

  /** Asks with the keys of the moment, and once more with others where the store says that these have expired. */
  async function askWithKeys(request: S3Request, signal: AbortSignal): Promise<HttpAnswer> {
    const keys = await credentials();
    const answer = await askInWords(request, keys, signal);
    if (!hasExpired(answer)) return answer;
    const others = await credentials(keys);
    return others === keys ? answer : askInWords(request, others, signal);
  }

  async function sendOnce(request: S3Request, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, key, query, unsigned, maxBytes = smallAnswer } = request;
    const answer = unsigned
      ? await http.request({ method, url: urlOf(server, place.bucket, key, query), headers: {}, maxBytes }, signal)
      : await askWithKeys(request, signal);
    answered = true;
    if (request.once) return answer;
    const fault = passingFault(answer, place, clock.now());
    if (fault !== undefined) throw fault;
    return answer;
  }

  function patiently<T>(work: () => Promise<T>, once: boolean, signal: AbortSignal): Promise<T> {
    const started = clock.monotonic();
    const pauseAfter = (thrown: unknown, counted: number): number => {
      const error = asRecordingError(thrown);
      const tried = { counted, elapsedMs: clock.monotonic() - started, answered };
      const delay = signal.aborted || once ? undefined : retryDelay(error, tried, retry, random);
      if (delay === undefined) throw named(error, place);
      return delay;
    };
    return retried(work, pauseAfter, (ms) => clock.sleep(ms, signal));
  }

  return {
    place,
    server,
    send: (request, signal) => patiently(() => sendOnce(request, signal), request.once ?? false, signal),
    open: (request, signal) =>
      patiently(
        async () => {
          const keys = await credentials();
          const signed = await signedRequest(request, settings, keys, signingKeys);
          const body = await openBody((receiver, abort) => http.stream(signed, receiver, abort), signal);
          answered = true;
          if (body.head.status < 500 && body.head.status !== 429) return body;
          throw passingFault(await body.whole(), place, clock.now()) ?? unexpected(body.head);
        },
        false,
        signal,
      ),
    async presign(key, query, seconds) {
      const url = urlOf(server, place.bucket, key, { ...query, "X-Amz-Expires": String(seconds) });
      const signer = new AwsV4Signer({
        ...signing(settings, await credentials(), signingKeys),
        method: "GET",
        url,
        signQuery: true,
      });
      return (await signer.sign()).url.href;
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function hasExpired(answer: HttpAnswer): boolean {
  return (answer.status === 400 || answer.status === 403) && codeOf(answer) === "ExpiredToken";
}

function unexpected({ status }: ResponseHead): RecordingError {
  return new RecordingError("http-error", `the store answers ${status}.`);
}

/** What the way there or the store's word comes to, with the bucket it was about. */
function named(error: RecordingError, place: S3Place): RecordingError {
  const { code, message, verdict, retryAfterMs, unsent } = error;
  if (code === "bug" || code === "interrupted" || message.startsWith(nameOf(place))) return error;
  const details = { verdict, unsent, cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new RecordingError(code, `${nameOf(place)}: ${message}`, details);
}

async function signedRequest(
  { method, key, query, headers = {}, body }: S3Request,
  settings: S3ClientSettings,
  keys: Credentials,
  cache: Map<string, ArrayBuffer>,
) {
  const url = urlOf(settings.server, settings.place.bucket, key, query);
  const signer = new AwsV4Signer({
    ...signing(settings, keys, cache),
    method,
    url,
    headers: { ...headers, "x-amz-content-sha256": body?.sha256 ?? emptyHash },
  });
  const signed = await signer.sign();
  const length: Readonly<Record<string, string>> = body === undefined ? {} : { "content-length": String(body.bytes) };
  const all = { ...Object.fromEntries(signed.headers), ...length };
  return { method, url, headers: all, ...(body === undefined ? {} : { body: body.open() }) };
}

/** Who signs, for what and when. */
function signing(
  { server, clock }: S3ClientSettings,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  cache: Map<string, ArrayBuffer>,
) {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "s3",
    region: server.region,
    datetime: new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    cache,
  };
}
