import { once } from "node:events";
import type { Invocation } from "../cli/io.ts";
import { ask, openBrowser } from "../cli/prompt.ts";
import { announcePlayer, openArchives, playerSettings, wireFetches } from "../composition/player.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources, type SourceSet } from "../composition/sources.ts";
import { wireWebLogin } from "../composition/web-login.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import { printable } from "../core/text.ts";
import { addUser, openUsers, readUsers } from "../player/auth/passwords.ts";
import { openArchiveSet, type SetArchive } from "../player/library/archive-set.ts";
import { openPlayer, type PlayerPorts } from "../player/server.ts";

/** Serves the player until it is stopped. */
export async function serve(invocation: Invocation): Promise<number> {
  const { settings } = invocation;
  if (settings.addUser !== undefined) return add(settings.addUser, invocation);
  const where = playerSettings(settings);
  if (settings.users !== undefined) await readUsers(settings.users);
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, progress: "none" } });
  try {
    let hear = reporter.report;
    const wiring = { ...reporter, io: invocation.io, report: (event: DownloadEvent) => hear(event) };
    await using sources = await openSources(invocation, wiring);
    const archives = await openArchives(invocation, sources.sources.size > 0);
    await using _archives = closing(archives);
    await using fetches = await wireFetches(invocation, sources, archives[0], reporter);
    hear = fetches.hear;
    const missing = { fetches, named: (path: string) => namedIn(sources, path) };
    await using webLogin = settings.login === undefined ? undefined : await wireWebLogin({ ...wiring, settings });
    const ports: PlayerPorts = {
      archiveSet: openArchiveSet(archives),
      clock: invocation.io.clock,
      warn: warner(invocation, reporter.report),
      ...(sources.sources.size === 0 ? {} : { missing }),
      ...(webLogin === undefined ? {} : { webLogin }),
      ...(settings.users === undefined ? {} : { users: openUsers(settings.users) }),
    };
    return await run(where, ports, invocation);
  } finally {
    await reporter.close();
  }
}

async function run(
  where: Parameters<typeof openPlayer>[0],
  ports: PlayerPorts,
  { settings, io }: Invocation,
): Promise<number> {
  await using player = await openPlayer(where, ports);
  using _announced = announcePlayer(player.address, io);
  io.stdout.write(`${player.entrance}\n`);
  if (settings.open) openBrowser(player.entranceOnce(), io);
  if (!settings.quiet) io.stderr.write("The player is running; press Ctrl-C to stop it.\n");
  if (!io.stop.aborted) await once(io.stop, "abort");
  return 0;
}

/** Told to the log and, once as long as it stays the same, to whoever started the player. */
function warner({ settings, io }: Invocation, report: (event: DownloadEvent) => void): (message: string) => void {
  let last: string | undefined;
  return (message) => {
    report({ event: "notice", level: "warning", message });
    if (message !== last && !settings.quiet) io.stderr.write(`callreel: ${printable(message)}\n`);
    last = message;
  };
}

function namedIn({ sources }: SourceSet, path: string) {
  for (const source of sources.values()) {
    const ref = source.named(path);
    if (ref !== undefined) return ref;
  }
  return undefined;
}

function closing(archives: readonly SetArchive[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      for (const { ledger, library, store } of archives) {
        await store[Symbol.asyncDispose]();
        await library[Symbol.asyncDispose]();
        await ledger[Symbol.asyncDispose]();
      }
    },
  };
}

async function add(name: string, { settings, io }: Invocation): Promise<number> {
  const { users, noInput = false } = settings;
  if (users === undefined) throw new RecordingError("usage", "--add-user needs the file to add to: give --users FILE.");
  const asking = { hidden: true, noInput, instead: "run it in a terminal" };
  const password = await ask(`Password for ${name}: `, io, asking);
  const again = await ask("Repeat the password: ", io, asking);
  if (password !== again) throw new RecordingError("usage", "The passwords do not match; nothing was saved.");
  await addUser(users, name, password);
  io.stderr.write(`${name} can log in now; a running player does not need a restart.\n`);
  return 0;
}
