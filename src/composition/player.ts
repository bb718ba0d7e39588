import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { type Settings, stateFolder } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { asRecordingError, errorOf, RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import { partialFolder } from "../destinations/disk/part-files.ts";
import { openDestination } from "../destinations/index.ts";
import { openDatabaseBrowse } from "../ledgers/index.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { isAnyAddress, isLoopbackHost, openVisitorAddress, trustedProxies } from "../player/auth/visitor.ts";
import type { SetArchive } from "../player/library/archive-set.ts";
import type { Browsed, Counted, Library, LibraryAnswer, LibraryQuestion } from "../player/library/library.ts";
import type { PlayerSettings } from "../player/server.ts";
import { type Fetches, openFetches } from "../player/streaming/fetches.ts";
import { openTee } from "../player/streaming/tee.ts";
import {
  archiveFolder,
  ledgerDatabase,
  ledgerFile,
  ledgerPassword,
  openExistingLedger,
  wireLedger,
} from "./archive.ts";
import { wireTransfer } from "./open-transfer.ts";
import { agreeOnPaths } from "./path-agreement.ts";
import { planOf } from "./plan.ts";
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
  const [named, ...others] = settings.dest === undefined && args.length > 0 ? args : [undefined, ...args];
  const first = named === undefined ? settings : { ...settings, dest: named };
  const open = mayBeNew ? wireLedger : openExistingLedger;
  const archives: [SetArchive, ...SetArchive[]] = [
    { root: archiveFolder(first, io), ledger: await open(first, io), library: await openLibraryOf(first, io) },
  ];
  for (const folder of others) archives.push(await openFurther(folder as string, io));
  return archives;
}

async function openFurther(folder: string, io: Io): Promise<SetArchive> {
  const { ledger: _ledger, ...settings } = { ledger: undefined, dest: resolve(io.cwd, folder) };
  const ledger = await openExistingLedger(settings, io);
  return { root: settings.dest, ledger, library: await openLibraryOf(settings, io) };
}

async function openLibraryOf(settings: Settings, io: Io): Promise<Library> {
  const database = ledgerDatabase(settings);
  if (database === undefined) return openLibraryThread(ledgerFile(settings, io));
  return openDatabaseBrowse(database, ledgerPassword(settings).password);
}

/** Fetching what listeners miss, from the sources into the first archive. */
export async function wireFetches(
  { settings, io }: Invocation,
  sources: SourceSet,
  { root, ledger }: SetArchive,
  report: (event: DownloadEvent) => void,
): Promise<Fetches & AsyncDisposable> {
  if (sources.sources.size > 0) await agreeOnPaths(settings, ledger);
  const destination = await openDestination(root, { mtime: !settings.noMtime });
  const tee = openTee(destination, join(root, partialFolder));
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

interface Waiting {
  readonly resolve: (answer: Browsed | Counted) => void;
  readonly reject: (error: RecordingError) => void;
}

/** A library in a thread of its own: however long a search takes, nobody who listens waits for it. */
export function openLibraryThread(file: string): Library {
  const worker = new Worker(new URL("../player/library/library-worker.js", import.meta.url), { workerData: file });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let gone: RecordingError | undefined;

  const lost = (error: unknown) => {
    gone ??= asRecordingError(error);
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  worker.on("error", lost);
  worker.on("exit", () => lost(new RecordingError("bug", "The thread that searches the ledger ended unexpectedly.")));
  worker.on("message", (answer: LibraryAnswer) => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("answer" in answer) asker?.resolve(answer.answer);
    else asker?.reject(errorOf(answer.error));
  });
  function ask(question: Omit<LibraryQuestion, "id">): Promise<Browsed | Counted> {
    if (gone !== undefined) return Promise.reject(gone);
    asked += 1;
    const id = asked;
    worker.postMessage({ id, ...question } satisfies LibraryQuestion);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  return {
    page: (query) => ask({ ask: "page", query }) as Promise<Browsed>,
    count: (query) => ask({ ask: "count", query }) as Promise<Counted>,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
