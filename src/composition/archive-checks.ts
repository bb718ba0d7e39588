import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Settings, settingsPath, stateFolder } from "../cli/config.ts";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Io } from "../cli/io.ts";
import { asRecordingError, type RecordingError } from "../core/model/errors.ts";
import type { Check } from "../core/model/ports.ts";
import { formatBytes } from "../core/text.ts";
import { checkLedgerDatabase } from "../ledgers/index.ts";
import { archiveFolder, isBucket, ledgerDatabase, ledgerPassword } from "./archive.ts";

/** The checks of the local disk: archive, state and settings can be written, and there is room. */
export function* checkFolders(settings: Settings, io: Io): Iterable<Check> {
  const archive = archiveFolder(settings, io);
  yield writable(isBucket(settings) ? "ledger folder" : "archive", archive);
  yield roomAt(archive);
  yield writable("state folder", stateFolder(io.env));
  yield { name: "settings", status: "ok", message: settingsPath({ config: settings.config }, io.env) };
}

/** The checks of the ledger's database; none where the ledger is a file. */
export async function* checkLedger(settings: Settings, io: Io): AsyncIterable<Check> {
  const url = ledgerDatabase(settings);
  if (url === undefined) return;
  const exitCode = ({ code }: RecordingError) => exitCodeOf(code);
  try {
    const context = { ...ledgerPassword(settings), nowMs: () => io.clock.now(), exitCodeOf: exitCode };
    yield* checkLedgerDatabase(url, context);
  } catch (thrown) {
    const error = asRecordingError(thrown);
    yield { name: "ledger", status: "failed", message: error.message, exitCode: exitCode(error) };
  }
}

function writable(name: string, folder: string): Check {
  const place = nearestExisting(folder);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return { name, status: "ok", message: place === folder ? folder : `${folder} (will be created)` };
  } catch {
    return {
      name,
      status: "failed",
      message: `${place} cannot be written`,
      remedy: "choose another folder or change its permissions",
      exitCode: 13,
    };
  }
}

/** Through which proxy the sources are reached, by the variables of the environment; its host alone is told. */
export function checkProxy({ env }: Io): Check {
  const proxy = env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY;
  if (!proxy) return { name: "proxy", status: "ok", message: "none is set" };
  const none = env.no_proxy ?? env.NO_PROXY;
  if (!URL.canParse(proxy)) {
    return {
      name: "proxy",
      status: "failed",
      message: "HTTPS_PROXY is not a URL",
      remedy: "set it to http://host:port",
    };
  }
  return { name: "proxy", status: "ok", message: `${new URL(proxy).host}${none ? `, except for ${none}` : ""}` };
}

const littleRoom = 1024 ** 3;

function roomAt(folder: string): Check {
  const { bavail, bsize } = statfsSync(nearestExisting(folder));
  const free = bavail * bsize;
  const message = `${formatBytes(free)} free`;
  if (free > littleRoom) return { name: "disk space", status: "ok", message };
  return {
    name: "disk space",
    status: "warning",
    message,
    remedy: "an hour of calls takes 28.8 MB; free some space or choose another --dest",
  };
}

function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}
