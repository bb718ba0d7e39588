import { isAbsolute, relative, resolve, sep } from "node:path";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { entryFilterOf } from "../composition/plan.ts";
import { openMeter } from "../composition/reporter.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import { verifyEntries } from "../core/proof/verify.ts";
import { formatBytes, formatNumberOf } from "../core/text.ts";
import { csvPrinter } from "../maintenance/archive-list.ts";
import { type BagInfo, bagInfoOf, payloadFolder, writeBag } from "../maintenance/bagit-export.ts";
import { type ExportFolder, openExportFolder, refuseFilled } from "../maintenance/export-folder.ts";
import { heldEntries } from "../maintenance/named-entries.ts";
import { sumLine } from "../maintenance/sum-line.ts";
import { tellUntold } from "../maintenance/untold.ts";
import { diskError } from "../platform/disk-error.ts";
import { version } from "../platform/version.ts";

/**
 * Writes a selection of the archive as a bag (BagIt 1.0) or as a plain folder with an index; every file is re-read, and 6
 * when one is not as it came. Nothing is written when nothing was selected: 4 for names that are not there, else 3.
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
  const filter: EntryFilter = { ...entryFilterOf(settings, io), states: ["done"] };
  const pages = heldEntries(args, filter, ledger);
  const first = await pages.next();
  if (first.done) {
    io.stderr.write("callreel: nothing in the archive matches: nothing was written.\n");
    await tellUntold(ledger, filter, io);
    return 3;
  }
  const target = opened(root, folder, flag === "--bagit" ? payloadFolder : "", settings.link);
  let whole = false;
  try {
    const { files, bytes, catalogue, differences } = await fill(
      target,
      withFirst(first.value, pages),
      ledger,
      invocation,
    );
    if (differences > 0) {
      io.stderr.write(`callreel: ${formatNumberOf(differences, "difference")} from the ledger: nothing was written.\n`);
      return exitCodeOf("differences");
    }
    if (flag === "--bagit")
      await writeBag(target, { "catalogue.csv": catalogue }, [...info, ...ownInfo(io.clock.now())]);
    else await writeIndex(target, catalogue);
    await target.finish();
    whole = true;
    const told = `${formatNumberOf(files, "recording")}, ${formatBytes(bytes)}`;
    const how = flag === "--bagit" ? "as a bag" : "as a plain folder";
    await ledger.audit({ action: "export", detail: `${told}, ${how} at ${folder}`, ...(reason && { reason }) });
    if (!settings.quiet) io.stderr.write(`${told}, written to ${folder}.\n`);
    return args.length > 0 ? 0 : await tellUntold(ledger, filter, io);
  } catch (error) {
    throw diskError(error, folder);
  } finally {
    if (!whole) target.discard();
  }
}

interface Target {
  readonly flag: "--bagit" | "--plain";
  readonly folder: string;
}

function targetOf({ settings: { bagit, plain }, io }: Invocation): Target {
  if (bagit !== undefined && plain !== undefined) {
    throw new RecordingError("usage", "export: give either --bagit DIR or --plain DIR.");
  }
  if (bagit !== undefined) return { flag: "--bagit", folder: resolve(io.cwd, bagit) };
  if (plain !== undefined) return { flag: "--plain", folder: resolve(io.cwd, plain) };
  throw new RecordingError("usage", "export needs a destination: give --bagit DIR or --plain DIR.");
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
  ledger: Archive,
  invocation: Invocation,
) {
  const { io, settings } = invocation;
  const print = csvPrinter(await ledger.holds());
  const came = { files: 0, bytes: 0, differences: 0, catalogue: "" };
  const meter = openMeter(invocation, () => `${formatNumberOf(came.files, "file")}, ${formatBytes(came.bytes)} copied`);
  const pages = async function* () {
    for await (const page of entries) {
      io.stop.throwIfAborted();
      came.catalogue += print(page);
      yield page;
    }
  };
  try {
    await verifyEntries(pages(), undefined, 1, {
      hash: target.add,
      differs: (difference) => {
        came.differences += 1;
        const { kind, path, message } = difference;
        const text = settings.json
          ? JSON.stringify({ event: "finding", time: new Date(io.clock.now()).toISOString(), ...difference })
          : `${kind}: ${path}: ${message}`;
        meter.above(() => io.stdout.write(`${text}\n`));
      },
      checked: (size) => {
        came.files += 1;
        came.bytes += size;
        meter.tick();
      },
    });
  } finally {
    meter.close();
  }
  return came;
}
