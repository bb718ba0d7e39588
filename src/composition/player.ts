import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Settings, stateFolder } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { archivePlace } from "../cli/options/bucket.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Destination } from "../core/model/ports.ts";
import { partialFolder } from "../destinations/disk/part-files.ts";
import { openDestination, openStore } from "../destinations/index.ts";
import { openDatabaseBrowse } from "../ledgers/index.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { isAnyAddress, isLoopbackHost, openVisitorAddress, trustedProxies } from "../player/auth/visitor.ts";
import type { SetArchive } from "../player/library/archive-set.ts";
import type { Library } from "../player/library/library.ts";
import { openLibraryThread } from "../player/library/library-thread.ts";
import type { PlayerSettings } from "../player/server.ts";
import { type Fetches, openFetches } from "../player/streaming/fetches.ts";
import { openTee } from "../player/streaming/tee.ts";
import {
  archiveFolder,
  isBucket,
  ledgerDatabase,
  ledgerFile,
  ledgerPassword,
  openArchiveStore,
  openExistingLedger,
  spoolFolder,
  wireLedger,
} from "./archive.ts";
import { lockedAsAsked } from "./noted-locks.ts";
import { wireTransfer } from "./open-transfer.ts";
import { agreeOnPaths } from "./path-agreement.ts";
import { planOf } from "./plan.ts";
import type { RunReporter } from "./reporter.ts";
import type { SourceSet } from "./sources.ts";
import { transfersOf } from "./transfer-numbers.ts";

/** Where the player listens and under which name; refuses what would let strangers in. */
export function playerSettings(settings: Settings): PlayerSettings {
  const host = settings.host ?? "127.0.0.1";
  const { tlsCert, tlsKey, playerUrl } = settings;
  const refuse = (message: string) => {
    throw new RecordingError("usage", message);
  };
  if ((tlsCert === undefined) !== (tlsKey === undefined)) refuse("--tls-cert and --tls-key must be given together.");
  const secured = tlsCert !== undefined || settings.behindProxy === true;
  const logins = settings.users !== undefined || settings.login !== undefined;
  if (!isLoopbackHost(host) && !logins) {
    refuse(`--host ${host} can be reached by others: give --users FILE or --login ringcentral to say who may listen.`);
  }
  if (!isLoopbackHost(host) && !secured) {
    refuse(
      `--host ${host} can be reached by others, so passwords and calls need https: give --tls-cert and --tls-key, or --behind-proxy if a proxy in front handles it.`,
    );
  }
  if (playerUrl === undefined && (isAnyAddress(host) || settings.behindProxy)) {
    refuse("Give the address at which people reach the player: --player-url https://calls.example.");
  }
  if (settings.behindProxy && !playerUrl?.startsWith("https://")) {
    refuse(
      "--behind-proxy needs an https address in --player-url: without it, passwords and calls are sent unencrypted.",
    );
  }
  return {
    host,
    port: settings.port ?? 8080,
    visitorAddress: openVisitorAddress(settings.behindProxy ?? false, trustedProxies(settings.trustedProxy ?? [])),
    reasonRequired: settings.auditReason === "required",
    ...(playerUrl === undefined ? {} : { playerUrl }),
    ...(tlsCert === undefined || tlsKey === undefined
      ? {}
      : { tls: { cert: readPem("--tls-cert", tlsCert), key: readPem("--tls-key", tlsKey) } }),
  };
}

function readPem(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RecordingError("usage", `${flag}: ${file} cannot be read (${code ?? "error"}).`, { cause: error });
  }
}

/** The archives to play, the one that is fetched into first: `--dest`, then those named one by one. */
export async function openArchives(
  { args, settings, io }: Invocation,
  mayBeNew: boolean,
): Promise<[SetArchive, ...SetArchive[]]> {
  const first = firstOf(settings, args);
  const others = settings.dest === undefined ? args.slice(1) : args;
  if (settings.presigned && ![first, ...others.map((dest) => ({ dest }))].some(isBucket)) {
    throw new RecordingError("usage", "--presigned needs an archive in a bucket: -d s3://bucket/prefix.");
  }
  const ledger = await (mayBeNew ? wireLedger : openExistingLedger)(first, io);
  // A bucket that recordings are fetched into is joined with its ledger by who fetches.
  const archives: [SetArchive, ...SetArchive[]] = [await setArchive(first, io, ledger, mayBeNew)];
  for (const place of others) archives.push(await openFurther(archivePlace(place), settings, io));
  if (settings.presigned) mustPresign(settings, archives);
  return archives;
}

/** Refuses to send listeners where no browser would go. */
function mustPresign({ tlsCert, playerUrl }: Settings, archives: readonly SetArchive[]): void {
  const origins = archives.flatMap(({ presigned }) => presigned?.origin ?? []);
  const open = origins.find((origin) => origin.startsWith("http:"));
  if (open === undefined || (tlsCert === undefined && !playerUrl?.startsWith("https://"))) return;
  const message = `--presigned cannot send listeners of an https page to ${open}: browsers refuse plain http there. Use a store with https, or leave out --presigned.`;
  throw new RecordingError("usage", message);
}

/** Of the archive that is fetched into. */
function firstOf(settings: Settings, [named]: readonly string[]): Settings {
  return settings.dest !== undefined || named === undefined ? settings : { ...settings, dest: archivePlace(named) };
}

async function openFurther(dest: string, { s3Endpoint, s3Region, presigned }: Settings, io: Io): Promise<SetArchive> {
  const bucket = { ...(s3Endpoint && { s3Endpoint }), ...(s3Region && { s3Region }), ...(presigned && { presigned }) };
  const settings = isBucket({ dest }) ? { dest, ...bucket } : { dest: resolve(io.cwd, dest) };
  return setArchive(settings, io, await openExistingLedger(settings, io));
}

async function setArchive(settings: Settings, io: Io, ledger: Archive, isJoined = false): Promise<SetArchive> {
  const store = isBucket(settings)
    ? await openArchiveStore(settings, io, isJoined ? undefined : ledger)
    : await openStore(archiveFolder(settings, io), { strict: true });
  const presigned = settings.presigned ? store.presigned : undefined;
  return { store, ...(presigned && { presigned }), ledger, library: await openLibraryOf(settings, io) };
}

async function openLibraryOf(settings: Settings, io: Io): Promise<Library> {
  const database = ledgerDatabase(settings);
  if (database === undefined) return openLibraryThread(ledgerFile(settings, io));
  return openDatabaseBrowse(database, ledgerPassword(settings).password);
}

/** Fetching what listeners miss, from the sources into the first archive. */
export async function wireFetches(
  { args, settings: given, io }: Invocation,
  sources: SourceSet,
  { ledger }: SetArchive,
  reporter: Pick<RunReporter, "keepSecret" | "report" | "logRequest">,
): Promise<Fetches & AsyncDisposable> {
  const { report } = reporter;
  const settings = firstOf(given, args);
  if (sources.sources.size > 0) await agreeOnPaths(settings, ledger);
  const destination = await destinationOf(settings, io, ledger, reporter);
  const tee = openTee(destination, join(spoolFolder(settings, io), partialFolder));
  const transfer = wireTransfer(settings, sources, tee, io);
  const transfers = transfersOf(settings, sources.links, io);
  const { work: _work, named: _named, progress: _progress, ...plan } = planOf(settings, noWork, false, transfers);
  const { clock, random, stop, abort } = io;
  const ports = { sources: sources.links, transfer, destination, clock, random };
  const fetches = openFetches({ ledger, tee, ports, plan, report, stop, abort });
  return {
    fetch: fetches.fetch,
    heldUntil: fetches.heldUntil,
    hear: fetches.hear,
    close: fetches.close,
    async [Symbol.asyncDispose]() {
      await fetches.close();
      await transfer[Symbol.asyncDispose]();
    },
  };
}

/** Beside downloads, so what they have on its way is left alone. */
async function destinationOf(
  settings: Settings,
  io: Io,
  ledger: Archive,
  reporter: Pick<RunReporter, "keepSecret" | "report" | "logRequest">,
): Promise<Destination> {
  if (!isBucket(settings)) return openDestination(archiveFolder(settings, io), { mtime: !settings.noMtime });
  return (await import("./bucket.ts")).wireBucket(await lockedAsAsked(settings, ledger), io, ledger, reporter, false);
}

const noWork = { work: (async function* () {})(), named: [], complete: async () => {} };

/** Tells other commands where the player runs (never its key), until disposed. */
export function announcePlayer(address: string, { env, pid }: Io): Disposable {
  const file = join(stateFolder(env), "player.json");
  makeFolders(stateFolder(env));
  writeFileSync(file, `${JSON.stringify({ address, pid })}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      // Another player may have started since.
      if (read(file).pid === pid) rmSync(file, { force: true });
    },
  };
}

/** The address of the running player, as far as one told. */
export function runningPlayer({ env }: Io): string | undefined {
  const { address } = read(join(stateFolder(env), "player.json"));
  return typeof address === "string" && /^https?:\/\/[^\s?#]+$/.test(address) ? address : undefined;
}

function read(file: string): { address?: unknown; pid?: unknown } {
  try {
    const read: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof read === "object" && read !== null ? read : {};
  } catch {
    return {};
  }
}
