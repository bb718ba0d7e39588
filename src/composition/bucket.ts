import type { Settings } from "../cli/config.ts";
import { periodEnd } from "../cli/dates.ts";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Io } from "../cli/io.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Check, Destination } from "../core/model/ports.ts";
import type { Store } from "../core/model/store.ts";
import { defaultRetryPolicy } from "../core/retry.ts";
import { placeOf } from "../destinations/s3/address.ts";
import { claimPlace, idAt, idName, mustBelong, rejoin } from "../destinations/s3/archive-id.ts";
import { checkBucket } from "../destinations/s3/checks.ts";
import { openS3Client, type S3Client } from "../destinations/s3/client.ts";
import { type CredentialSource, chainCredentials, fixedCredentials } from "../destinations/s3/credentials.ts";
import { mustLock } from "../destinations/s3/lock-state.ts";
import type { ObjectSettings } from "../destinations/s3/object-headers.ts";
import { openS3 } from "../destinations/s3/s3.ts";
import { openS3Store } from "../destinations/s3/store.ts";
import { openHttp } from "../http/client.ts";
import { readSecretFile } from "../platform/secrets.ts";
import { ledgerDatabase, ledgerFile, spoolFolder } from "./archive.ts";
import { httpSettingsOf } from "./http.ts";
import { noteLock } from "./noted-locks.ts";
import type { RunReporter } from "./reporter.ts";

type Hearer = Pick<RunReporter, "keepSecret"> & Partial<Pick<RunReporter, "logRequest">>;

/** Opens the bucket that `--dest` names, and joins it with the ledger; `tidy` clears its spool, for whoever holds the archive's lock. */
export async function wireBucket(
  settings: Settings,
  io: Io,
  ledger: Archive,
  reporter: Pick<RunReporter, "keepSecret" | "report" | "logRequest">,
  tidy = true,
): Promise<Destination> {
  const client = openBucket(settings, io, reporter);
  const now = () => io.clock.now();
  try {
    const isNew = (await ledger.get(idName)) === undefined;
    const isUsed = async () => (await ledger.summary()).length > 0;
    const notes = {
      get: ledger.get.bind(ledger),
      set: ledger.set.bind(ledger),
      agree: ledger.agree.bind(ledger),
      isUsed,
    };
    const { s3ObjectLock } = settings;
    const since = s3ObjectLock && (await mustLock(client, now, io.stop));
    const { overwrites } = await claimPlace(client, notes, now, io.stop);
    if (s3ObjectLock !== undefined && since !== undefined) await noteLock(ledger, s3ObjectLock, since);
    if (isNew) reporter.report({ event: "notice", level: "info", message: whereLedgerIs(settings, io) });
    const spool = spoolFolder(settings, io);
    const objects = objectsOf(settings);
    return openS3({ client, objects, overwrites, spool, tidy, now, signal: io.abort });
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** What stands in the bucket that `--dest` names; throws where it is not the ledger's. */
export async function openBucketStore(
  settings: Settings,
  io: Io,
  ledger: Pick<Archive, "get"> | undefined,
): Promise<Store> {
  const client = openBucket(settings, io, { keepSecret: () => {} });
  const now = () => io.clock.now();
  try {
    if (ledger !== undefined) await mustBelong(client, (name) => ledger.get(name), now, io.stop);
    return openS3Store({ client, now, signal: io.stop });
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** The place that a ledger which is made anew is to be joined with; throws `usage` where no archive is there. */
export async function findPlace(settings: Settings, io: Io): Promise<{ join(ledger: Archive): Promise<void> }> {
  const open = () => openBucket(settings, io, { keepSecret: () => {} });
  await using client = open();
  const there = await idAt(client, () => io.clock.now(), io.stop);
  if (there === undefined) {
    const message = `There is no archive at ${settings.dest}: check bucket, prefix and --s3-endpoint. Nothing was written.`;
    throw new RecordingError("usage", message);
  }
  return {
    async join(ledger) {
      await using again = open();
      await rejoin(again, ledger, there);
    },
  };
}

function whereLedgerIs(settings: Settings, io: Io): string {
  const where =
    ledgerDatabase(settings) === undefined ? `${ledgerFile(settings, io)}, on this machine` : "in its database";
  return `The ledger of ${settings.dest} is ${where}: keep it: the bucket alone cannot tell what was purged.`;
}

/** A client for the bucket that `--dest` names, with the keys of the environment. */
export function openBucket(settings: Settings, io: Io, { keepSecret, logRequest }: Hearer): S3Client {
  const { s3Endpoint, s3Region = "us-east-1", retries } = settings;
  const http = httpSettingsOf(settings, io);
  return openS3Client({
    place: placeOf(settings.dest as string),
    server: { region: s3Region, ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }) },
    credentials: credentialsOf(io, keepSecret),
    http: openHttp(http, logRequest),
    clock: io.clock,
    random: io.random,
    retry: { ...defaultRetryPolicy, ...(retries === undefined ? {} : { retries }) },
  });
}

/** How objects are to be kept, as the settings say. */
export function objectsOf({ s3ObjectLock, s3Sse, s3StorageClass }: Settings): ObjectSettings {
  return {
    ...(s3Sse === undefined ? {} : { kmsKey: s3Sse }),
    ...(s3StorageClass === undefined ? {} : { storageClass: s3StorageClass }),
    ...(s3ObjectLock === undefined
      ? {}
      : { lock: { mode: s3ObjectLock.mode, retainUntilMs: (nowMs) => periodEnd(nowMs, s3ObjectLock.keep, "UTC") } }),
  };
}

/** A key pair in the environment is used alone; half of one is a slip, not a reason to ask elsewhere. */
function credentialsOf({ env }: Io, keepSecret: (secret: string) => void): CredentialSource {
  const read = (name: string) => {
    const file = env[`${name}_FILE`];
    const text = env[name]?.trim() || (file ? readSecretFile(file, `${name}_FILE`) : undefined);
    if (text !== undefined && name !== "AWS_ACCESS_KEY_ID") keepSecret(text);
    return text;
  };
  const accessKeyId = read("AWS_ACCESS_KEY_ID");
  const secretAccessKey = read("AWS_SECRET_ACCESS_KEY");
  const sessionToken = read("AWS_SESSION_TOKEN");
  if (accessKeyId === undefined && secretAccessKey === undefined) return chainCredentials(keepSecret);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY";
    throw new RecordingError("usage", `${missing} is not set, but the other half of the key pair is.`);
  }
  return fixedCredentials({ accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) });
}

/** The checks of `callreel doctor` on the bucket that `--dest` names, and on the ledger that belongs to it. */
export async function* checkBucketOf(settings: Settings, io: Io, hearer: Hearer): AsyncIterable<Check> {
  const server = settings.s3Endpoint ?? "AWS";
  const where = { name: "bucket server", message: `${server}, region ${settings.s3Region ?? "us-east-1"}` };
  const open = server.startsWith("http:") && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(server);
  if (!open) yield { ...where, status: "ok" };
  else
    yield {
      ...where,
      status: "warning",
      message: `${where.message}: over plain http, which anyone on the network can read`,
    };
  if (ledgerDatabase(settings) === undefined) {
    yield { name: "ledger", status: "ok", message: `${ledgerFile(settings, io)}, on this machine only` };
  }
  try {
    await using client = openBucket(settings, io, hearer);
    const now = () => io.clock.now();
    const exitCode = ({ code }: RecordingError) => exitCodeOf(code);
    yield* checkBucket({ client, objects: objectsOf(settings), now, signal: io.stop, exitCodeOf: exitCode });
  } catch (thrown) {
    const { code, message } = asRecordingError(thrown);
    yield { name: "bucket", status: "failed", message, exitCode: exitCodeOf(code) };
  }
}
