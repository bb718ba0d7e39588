import type { Settings } from "../cli/config.ts";
import type { Invocation, Io } from "../cli/io.ts";
import {
  archiveFolder,
  isBucket,
  ledgerDatabase,
  ledgerFile,
  openArchiveStore,
  requireFiles,
  reserveLedger,
  takeArchive,
  wireLedger,
} from "../composition/archive.ts";
import { runIntoArchive } from "../composition/archive-run.ts";
import { openSealer } from "../composition/head-and-seals.ts";
import { lostHead, noteHeadAnew } from "../composition/noted-head.ts";
import { lockedAsAsked } from "../composition/noted-locks.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources } from "../composition/sources.ts";
import { holdsAreLost } from "../core/holds.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { RecordingKey, RecordingRef } from "../core/model/recording.ts";
import type { Store } from "../core/model/store.ts";
import { defaultTemplate } from "../core/naming/path-template.ts";
import { formatNumberOf, printable } from "../core/text.ts";
import { type Salvage, salvageLedger } from "../ledgers/index.ts";
import { version } from "../platform/version.ts";
import { adoptFiles, know, openIdentify, unknownFiles } from "./adoption.ts";
import { openBesideObjects } from "./beside-objects.ts";
import { recordNoted } from "./noted-objects.ts";
import { openLaterTranscripts } from "./transcripts.ts";

const batchSize = 500;

/**
 * Fetches again what the archive calls held and `verify` found missing or damaged, each into its own place; what stands
 * there goes only when the new file is safe. Returns the run's exit code.
 */
export async function repairFiles(asked: Invocation, ledger: Archive, keys: readonly RecordingKey[]): Promise<number> {
  const kept = await lockedAsAsked(asked.settings, ledger);
  const invocation = { ...asked, settings: { ...kept, forceOverwrites: true } };
  const { settings, io } = invocation;
  const sealer = openSealer(settings, io);
  const reporter = await openRunReporter(invocation);
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    const lock = await takeArchive(settings, io);
    try {
      const work = { work: workOf(keys, ledger), named: [], complete: async () => {} };
      reporter.hooks.noteIn(ledger);
      return await runIntoArchive(invocation, { sources, ledger, work, reporter, sealer });
    } finally {
      await lock.release();
    }
  } finally {
    await reporter.close();
  }
}

async function* workOf(keys: readonly RecordingKey[], ledger: Archive) {
  for (let at = 0; at < keys.length; at += batchSize) {
    const entries = await ledger.entriesOf(keys.slice(at, at + batchSize));
    const refs = entries.flatMap((entry) => (entry?.state === "done" ? [{ ...entry.ref, insist: true as const }] : []));
    yield { refs, events: [] };
  }
}

/**
 * Makes the archive's ledger anew: carries over all that can be read of the old one, which is kept aside, and records the
 * files that it did not name, as far as sidecar or name tell whose they are.
 */
export async function rebuildLedger(invocation: Invocation): Promise<void> {
  const { settings, io } = invocation;
  if (ledgerDatabase(settings) !== undefined) {
    const message =
      "verify --rebuild rebuilds a ledger's file; a ledger in a database is restored from the database's own backup.";
    throw new RecordingError("usage", message);
  }
  const root = archiveFolder(settings, io);
  if (!isBucket(settings)) await requireFiles(root, ledgerFile(settings, io));
  const place = isBucket(settings) ? await findPlace(settings, io) : undefined;
  const lock = await takeArchive(settings, io);
  try {
    const { aside, entries, unread } = await salvage(invocation);
    await using ledger = await wireLedger(settings, io);
    await place?.join(ledger);
    const clues = { byId: await wantedById(ledger), pattern: settings.match ?? settings.output ?? defaultTemplate };
    const identify = await openIdentify(root, settings, clues);
    await using store = await openArchiveStore(settings, io);
    const unknown = await unknownFiles(store, ledger, { stop: io.stop });
    const noted = place && (await recordNoted(store, unknown, settings, ledger, clues));
    const files = noted === undefined ? unknown : each(await withoutTranscripts(noted.others, store, ledger));
    const unmatched = (path: string, message: string) => {
      if (!settings.json)
        io.stderr.write(`callreel: warning: not recorded: ${printable(path)}: ${printable(message)}\n`);
    };
    const hooks = { unmatched, adopted: () => {} };
    const adopted = (await adoptFiles(root, store, files, identify, ledger, hooks)) + (noted?.count ?? 0);
    const told = `${formatNumberOf(entries, "entry", "entries")} carried over, ${formatNumberOf(adopted, "file")} newly recorded`;
    const lost = unreadInWords(unread);
    await ledger.audit({ action: "rebuild", detail: told + lost });
    const kept = aside === undefined ? "" : ` The old ledger is kept as ${aside}.`;
    if (!settings.quiet) io.stderr.write(`${told}.${kept}\n`);
    if (lost !== "") io.stderr.write(`callreel: the old ledger was damaged${lost}\n`);
    if ((await lostHead(root, ledger)) !== undefined)
      io.stderr.write(
        "callreel: warning: the rebuilt ledger's history does not contain the head that was noted before.\n",
      );
    await noteHeadAnew(root, ledger);
    const holds = await ledger.lostHolds();
    if (holds !== undefined) io.stderr.write(`callreel: ${holdsAreLost(holds).message}\n`);
  } finally {
    await lock.release();
  }
}

/** Notes those objects that are transcripts of what is recorded by now; gives the others. */
async function withoutTranscripts(paths: readonly string[], store: Store, ledger: Archive): Promise<readonly string[]> {
  const later = openLaterTranscripts(openBesideObjects(store, new Set(paths)), ledger, paths);
  const noted = new Set<string>();
  for await (const page of ledger.entries({ states: ["done"] }))
    for (const entry of page) for (const path of await later.note(entry)) noted.add(path);
  return paths.filter((path) => !noted.has(path));
}

async function* each(paths: readonly string[]): AsyncIterable<string> {
  yield* paths;
}

async function findPlace(settings: Settings, io: Io) {
  return (await import("../composition/bucket.ts")).findPlace(settings, io);
}

/** What a rebuild had to leave behind. */
function unreadInWords(unread: Salvage["unread"]): string {
  const parts = [...unread].map(([what, rows]) =>
    rows === 0 ? what : `${what} (up to ${formatNumberOf(rows, "row")})`,
  );
  return parts.length === 0 ? "" : `; could not read: ${parts.join(", ")}`;
}

/** Nobody may have the old ledger open meanwhile: what he writes would be lost, and what he reads would be stale. */
async function salvage({ settings, io }: Invocation): Promise<Salvage> {
  const alone = await reserveLedger(settings, io);
  try {
    return salvageLedger(ledgerFile(settings, io), { clock: io.clock, pid: io.pid, version: version() });
  } finally {
    await alone.release();
  }
}

/** What the old ledger knew of but did not hold, by id. */
async function wantedById(ledger: Archive): Promise<Map<string, RecordingRef | null>> {
  const byId = new Map<string, RecordingRef | null>();
  const states = ["pending", "claimed", "failed", "gone", "no-recording", "forbidden"] as const;
  for await (const page of ledger.entries({ states })) for (const { ref } of page) know(byId, ref);
  return byId;
}
