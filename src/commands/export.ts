import { isAbsolute, relative, resolve, sep } from "node:path";
import { exitCodeOf, worst } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { archiveFolder, isBucket, openArchiveStore, openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { entryFilterOf } from "../composition/plan.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import { formatBytes, formatNumberOf } from "../core/text.ts";
import { csvPrinter } from "../maintenance/archive-list.ts";
import { type BagInfo, bagInfoOf, payloadFolder, writeBag } from "../maintenance/bagit-export.ts";
import { checkAll, type Filled } from "../maintenance/export-checks.ts";
import {
  type ExportFolder,
  fromFolder,
  fromStore,
  openExportFolder,
  refuseFilled,
} from "../maintenance/export-folder.ts";
import { heldEntries } from "../maintenance/named-entries.ts";
import { tellNotHeld } from "../maintenance/not-held.ts";
import { sumLine } from "../maintenance/sums-file.ts";
import { tellUntold } from "../maintenance/untold.ts";
import { fillVcons } from "../maintenance/vcon-export.ts";
import { diskError } from "../platform/disk-error.ts";
import { version } from "../platform/version.ts";

/**
 * Writes a selection of the archive as a bag (BagIt 1.0), as a plain folder with an index, or as vCons; every file is re-read, and 6
 * when one is not as it came. Nothing is written when nothing was selected: 4 for names that are not there, else 3. 3 also when the
 * selection has, or may have, recordings that are not held: they are told, and the others are written.
 */
export async function exportFiles(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const { flag, folder } = targetOf(invocation);
  const info = bagInfoOf(settings.bagInfo ?? []);
  if (info.length > 0 && flag !== "--bagit") throw new RecordingError("usage", "--bag-info goes with --bagit.");
  const root = archiveFolder(settings, io);
  if (isWithin(root, folder)) {
    throw new RecordingError("usage", `${flag}: ${folder} is inside the archive; give a folder outside it.`);
  }
  const reason = auditReason(settings, "export");
  await using ledger = await openExistingLedger(settings, io);
  refuseFilled(folder, flag);
  const filter: EntryFilter = { ...(await entryFilterOf(settings, io)), states: ["done"] };
  const pages = heldEntries(args, filter, ledger);
  const first = await pages.next();
  if (first.done) {
    io.stderr.write("callreel: nothing in the archive matches: nothing was written.\n");
    await tellLeftOut(ledger, filter, io);
    return 3;
  }
  await using store = await openArchiveStore(settings, io, ledger);
  const bring = isBucket(settings) ? fromStore(store) : fromFolder(root, settings.link);
  const target = opened(bring, folder, flag === "--bagit" ? payloadFolder : "");
  let whole = false;
  try {
    const filling = flag === "--vcon" ? fillVcons : fill;
    const chosen = withFirst(first.value, pages);
    const {
      files,
      bytes,
      differences,
      catalogue = "",
      undated = 0,
    } = await filling(target, chosen, { ledger, store }, invocation);
    if (differences > 0) {
      io.stderr.write(`callreel: ${formatNumberOf(differences, "difference")} from the ledger: nothing was written.\n`);
      return exitCodeOf("differences");
    }
    if (undated > 0) io.stderr.write(undatedInWords(undated));
    if (files === 0) {
      io.stderr.write("callreel: none of these recordings can go into a vCon: nothing was written.\n");
      return 3;
    }
    if (flag === "--bagit")
      await writeBag(target, { "catalogue.csv": catalogue }, [...info, ...ownInfo(io.clock.now())]);
    else if (flag === "--plain") await writeIndex(target, catalogue);
    await target.finish();
    whole = true;
    const told = `${formatNumberOf(files, "recording")}, ${formatBytes(bytes)}`;
    const how = { "--bagit": "as a bag", "--plain": "as a plain folder", "--vcon": "as vCons" }[flag];
    await ledger.audit({ action: "export", detail: `${told}, ${how} at ${folder}`, ...(reason && { reason }) });
    if (!settings.quiet) io.stderr.write(`${told}, written to ${folder}.\n`);
    const leftOut = args.length > 0 ? 0 : await tellLeftOut(ledger, filter, io);
    return undated > 0 ? 3 : leftOut;
  } catch (error) {
    throw diskError(error, folder);
  } finally {
    if (!whole) target.discard();
  }
}

/** Tells what the selection has, or may have, and the export lacks: 3 where there is any that may still be had. */
async function tellLeftOut(ledger: Archive, filter: EntryFilter, io: Io): Promise<number> {
  return worst([await tellUntold(ledger, filter, io), await tellNotHeld(ledger, filter, io)]);
}

interface Target {
  readonly flag: "--bagit" | "--plain" | "--vcon";
  readonly folder: string;
}

function targetOf({ settings, io }: Invocation): Target {
  const { bagit, plain, vcon, link } = settings;
  const given = Object.entries({ "--bagit": bagit, "--plain": plain, "--vcon": vcon });
  const [target, other] = given.flatMap(([flag, folder]) =>
    folder === undefined ? [] : [{ flag: flag as Target["flag"], folder: resolve(io.cwd, folder) }],
  );
  if (target === undefined) {
    throw new RecordingError("usage", "export needs a destination: give --bagit DIR, --plain DIR or --vcon DIR.");
  }
  if (other !== undefined) throw new RecordingError("usage", `export: give either ${target.flag} or ${other.flag}.`);
  if (target.flag === "--vcon" && link) {
    throw new RecordingError("usage", "--link goes with --bagit and --plain: a vCon has its recordings in it.");
  }
  if (link && isBucket(settings)) {
    throw new RecordingError("usage", "--link needs an archive in a folder: recordings in a bucket are copied.");
  }
  return target;
}

function undatedInWords(count: number): string {
  const them = formatNumberOf(count, "recording");
  return `callreel: warning: ${them} left out: the start of the call is unknown, and a vCon needs it.\n`;
}

function ownInfo(nowMs: number): BagInfo[] {
  return [
    ["Bag-Software-Agent", `callreel ${version()}`],
    ["Bagging-Date", new Date(nowMs).toISOString().slice(0, 10)],
  ];
}

/** The catalogue beside the files, marked as UTF-8 for spreadsheets, and the hashes of all as `sha256sum -c` reads them. */
async function writeIndex(target: ExportFolder, catalogue: string): Promise<void> {
  const [index] = await target.write({ "index.csv": `\ufeff${catalogue}` });
  const lines = [...target.files, { path: "index.csv", sha256: index?.sha256 ?? "" }];
  await target.write({ SHA256SUMS: lines.map(({ path, sha256 }) => sumLine(sha256, path)).join("") });
}

async function* withFirst(first: readonly LedgerEntry[], others: AsyncGenerator<readonly LedgerEntry[]>) {
  yield first;
  yield* others;
}

function opened(...folder: Parameters<typeof openExportFolder>): ExportFolder {
  try {
    return openExportFolder(...folder);
  } catch (error) {
    throw diskError(error, folder[1]);
  }
}

function isWithin(root: string, folder: string): boolean {
  const path = relative(root, folder);
  return !isAbsolute(path) && path !== ".." && !path.startsWith(`..${sep}`);
}

async function fill(
  target: ExportFolder,
  entries: AsyncIterable<readonly LedgerEntry[]>,
  { ledger }: { readonly ledger: Archive; readonly store: Store },
  invocation: Invocation,
): Promise<Filled> {
  const print = csvPrinter(await ledger.holds());
  let catalogue = "";
  const pages = async function* () {
    for await (const page of entries) {
      catalogue += print(page);
      yield page;
    }
  };
  const came = await checkAll(pages(), target.add, invocation);
  return { ...came, catalogue };
}
