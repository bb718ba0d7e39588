import { isAbsolute, relative, resolve, sep } from "node:path";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveFolder, openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { entryFilterOf } from "../composition/plan.ts";
import { openMeter } from "../composition/reporter.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, EntryFilter } from "../core/model/ledger.ts";
import { verifyEntries } from "../core/proof/verify.ts";
import { formatBytes, formatNumberOf } from "../core/text.ts";
import { csvPrinter } from "../maintenance/archive-list.ts";
import { type Bag, openBag } from "../maintenance/bagit-export.ts";
import { tellUntold } from "../maintenance/untold.ts";
import { diskError } from "../platform/disk-error.ts";
import { version } from "../platform/version.ts";

/** Writes a selection of the archive as a bag (BagIt 1.0); every file is re-read, and 6 when one is not as it came. */
export async function exportBag(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  if (settings.bagit === undefined) throw new RecordingError("usage", "export needs a destination: give --bagit DIR.");
  const folder = resolve(io.cwd, settings.bagit);
  if (isWithin(archiveFolder(settings, io), folder)) {
    throw new RecordingError("usage", `--bagit: ${folder} is inside the archive; give a folder outside it.`);
  }
  const reason = auditReason(settings, "export");
  await using ledger = await openExistingLedger(settings, io);
  const bag = opened(archiveFolder(settings, io), folder, settings.link);
  let whole = false;
  try {
    const filter: EntryFilter = { ...entryFilterOf(settings, io), states: ["done"] };
    const { files, bytes, catalogue, differences } = await fill(bag, ledger, filter, invocation);
    if (differences > 0) {
      io.stderr.write(`callreel: ${formatNumberOf(differences, "difference")} from the ledger: no bag was written.\n`);
      return exitCodeOf("differences");
    }
    await bag.close({ "catalogue.csv": catalogue }, [
      ["Bag-Software-Agent", `callreel ${version()}`],
      ["Bagging-Date", new Date(io.clock.now()).toISOString().slice(0, 10)],
    ]);
    whole = true;
    const told = `${formatNumberOf(files, "recording")}, ${formatBytes(bytes)}`;
    await ledger.audit({ action: "export", detail: `${told}, as a bag at ${folder}`, ...(reason && { reason }) });
    if (!settings.quiet) io.stderr.write(`${told}, written to ${folder}.\n`);
    return await tellUntold(ledger, filter, io);
  } catch (error) {
    throw diskError(error, folder);
  } finally {
    if (!whole) bag.discard();
  }
}

function opened(...bag: Parameters<typeof openBag>): Bag {
  try {
    return openBag(...bag);
  } catch (error) {
    throw diskError(error, bag[1]);
  }
}

function isWithin(root: string, folder: string): boolean {
  const path = relative(root, folder);
  return !isAbsolute(path) && path !== ".." && !path.startsWith(`..${sep}`);
}

async function fill(bag: Bag, ledger: Archive, filter: EntryFilter, invocation: Invocation) {
  const { io, settings } = invocation;
  const print = csvPrinter(await ledger.holds());
  const came = { files: 0, bytes: 0, differences: 0, catalogue: "" };
  const meter = openMeter(invocation, () => `${formatNumberOf(came.files, "file")}, ${formatBytes(came.bytes)} copied`);
  const pages = async function* () {
    for await (const page of ledger.entries(filter)) {
      io.stop.throwIfAborted();
      came.catalogue += print(page);
      yield page;
    }
  };
  try {
    await verifyEntries(pages(), undefined, 1, {
      hash: bag.add,
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
  if (came.catalogue === "") came.catalogue = print([]);
  return came;
}
