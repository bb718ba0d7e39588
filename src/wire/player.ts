import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Invocation } from "../command.ts";
import type { Settings } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { DownloadEvent } from "../core/events.ts";
import type { Archive } from "../core/ports.ts";
import { partialFolder } from "../destinations/disk/partial.ts";
import { openDestination } from "../destinations/index.ts";
import type { Io } from "../io.ts";
import { type Fetches, openFetches } from "../player/fetches.ts";
import { isAnyAddress, isLoopbackHost } from "../player/guard.ts";
import type { PlayerSettings } from "../player/server.ts";
import type { ShelfArchive } from "../player/shelf.ts";
import { openTap } from "../player/tap.ts";
import { openVisitorAddress, trustedProxies } from "../player/visitor-address.ts";
import { archiveFolder, ledgerFile, openExistingLedger, wireLedger } from "./archive.ts";
import { openLibraryThread } from "./library.ts";
import { planOf } from "./plan.ts";
import type { SourceSet } from "./source-set.ts";
import { wireTransfer } from "./transfer.ts";

/** Where the player listens and under which name; refuses what would let strangers in. */
export function playerSettings(settings: Settings): PlayerSettings {
  const host = settings.host ?? "127.0.0.1";
  const { tlsCert, tlsKey, playerUrl } = settings;
  const refuse = (message: string) => {
    throw new RecordingError("usage", message);
  };
  if ((tlsCert === undefined) !== (tlsKey === undefined)) refuse("--tls-cert and --tls-key belong together.");
  const secured = tlsCert !== undefined || settings.behindProxy === true;
  const logins = settings.users !== undefined || settings.login !== undefined;
  if (!isLoopbackHost(host) && !logins) {
    refuse(`--host ${host} can be reached by others: say who may listen, with --users FILE or --login ringcentral.`);
  }
  if (!isLoopbackHost(host) && !secured) {
    refuse(
      `--host ${host} can be reached by others: passwords and calls need https. Give --tls-cert and --tls-key, or --behind-proxy when a proxy in front does it.`,
    );
  }
  if (playerUrl === undefined && (isAnyAddress(host) || settings.behindProxy)) {
    refuse("Say under which address people reach the player: --player-url https://calls.example.");
  }
  if (settings.behindProxy && !playerUrl?.startsWith("https://")) {
    refuse(
      "--behind-proxy needs an https address in --player-url: without it passwords and calls travel in the clear.",
    );
  }
  return {
    host,
    port: settings.port ?? 8080,
    visitorAddress: openVisitorAddress(settings.behindProxy ?? false, trustedProxies(settings.trustedProxy ?? [])),
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
): Promise<[ShelfArchive, ...ShelfArchive[]]> {
  const [named, ...others] = settings.dest === undefined && args.length > 0 ? args : [undefined, ...args];
  const first = named === undefined ? settings : { ...settings, dest: named };
  const open = mayBeNew ? wireLedger : openExistingLedger;
  const archives: [ShelfArchive, ...ShelfArchive[]] = [
    shelved(archiveFolder(first, io), await open(first, io), ledgerFile(first, io)),
  ];
  for (const folder of others) archives.push(await openFurther(folder as string, io));
  return archives;
}

async function openFurther(folder: string, io: Io): Promise<ShelfArchive> {
  const { ledger: _ledger, ...settings } = { ledger: undefined, dest: resolve(io.cwd, folder) };
  return shelved(settings.dest, await openExistingLedger(settings, io), ledgerFile(settings, io));
}

function shelved(root: string, ledger: Archive, file: string): ShelfArchive {
  return { root, ledger, library: openLibraryThread(file) };
}

/** Fetching what listeners miss, from the sources into the first archive. */
export async function wireFetches(
  { settings, io }: Invocation,
  sources: SourceSet,
  { root, ledger }: ShelfArchive,
  report: (event: DownloadEvent) => void,
): Promise<Fetches & AsyncDisposable> {
  const tap = openTap(await openDestination(root, { mtime: !settings.noMtime }), join(root, partialFolder));
  const { destination } = tap;
  const transfer = wireTransfer(settings, sources, destination, io);
  const { work: _work, named: _named, progress: _progress, ...plan } = planOf(settings, noWork, false, io.clock);
  const { clock, random, stop, abort } = io;
  const ports = { sources: sources.sources, transfer, destination, clock, random };
  const fetches = openFetches({ ledger, tap, ports, plan, report, stop, abort });
  return {
    ...fetches,
    async [Symbol.asyncDispose]() {
      await fetches.close();
      await transfer[Symbol.asyncDispose]();
    },
  };
}

const noWork = { work: (async function* () {})(), named: [], complete: async () => {} };
