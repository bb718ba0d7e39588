import { basename, dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { exitCodeOf } from "../../cli/exit-codes.ts";
import type { Invocation, Io } from "../../cli/io.ts";
import { writeOut } from "../../cli/table.ts";
import { archiveFolder, ledgerFile } from "../../composition/archive.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Archive } from "../../core/model/ledger.ts";
import { checkFilePlace, writeWhole } from "../../platform/whole-file.ts";
import { stoppable } from "../verify-files.ts";
import { reportCsv } from "./csv.ts";
import { gatherFacts, type Period, type ReportFacts } from "./facts.ts";
import { reportJson } from "./json.ts";
import type { ReportLines } from "./lines.ts";
import { reportPage } from "./page.ts";
import type { Spool } from "./spool.ts";
import { isGood, verdictOf } from "./verdict.ts";

const formats: Readonly<Record<Format, (facts: ReportFacts, spool: Spool) => AsyncIterable<string>>> = {
  html: reportPage,
  json: reportJson,
  csv: (_, spool) => reportCsv(spool),
};

export type Format = "html" | "csv" | "json";

/** Where a report is to be written, and as what; `-` is stdout. */
export interface Target {
  readonly format: Format;
  readonly file: string;
  readonly flag: string;
}

/** The format that a file's name asks for. Throws `usage` where it names none. */
export function formatOf(file: string, flag: string): Format {
  const ending = /\.(html?|csv|json)$/i.exec(file)?.[1]?.toLowerCase();
  if (ending === undefined) {
    throw new RecordingError("usage", `${flag}: give a file whose name ends in .html, .csv or .json.`);
  }
  return ending === "htm" ? "html" : (ending as Format);
}

/** The targets with absolute paths. Throws `usage` where one of them cannot or must not be written. */
export function checkedTargets(targets: readonly Target[], { settings, io }: Invocation): readonly Target[] {
  const checked = targets.map((target) => {
    if (target.file === "-") return target;
    const file = resolve(io.cwd, target.file);
    checkFilePlace(file, dirname(file), target.flag);
    if (isOfArchive(archiveFolder(settings, io), file) || file === ledgerFile(settings, io)) {
      throw new RecordingError(
        "usage",
        `${target.flag}: ${file} is one of the archive's own files; give another name.`,
      );
    }
    return { ...target, file };
  });
  if (new Set(checked.map(({ file }) => file)).size < checked.length) {
    throw new RecordingError("usage", "The same file is given for two reports; give each its own.");
  }
  return checked;
}

/** Inside an archive, reports may stand among the recordings, but never in the place of one or of what belongs to it. */
function isOfArchive(root: string, file: string): boolean {
  const path = relative(root, file);
  if (isAbsolute(path) || path === ".." || path.startsWith(`..${sep}`)) return false;
  return (
    path.startsWith(`.callreel${sep}`) || !/\.(html?|csv|json)$/i.test(path) || basename(path).endsWith(".info.json")
  );
}

interface Gathered {
  readonly ledger: Archive;
  readonly period: Period;
  readonly lines: ReportLines;
  /** The lines are of the source's own list, as it is now; of a part of it, where `partial` says why. */
  readonly live: boolean;
  readonly partial?: string | undefined;
}

/** Writes the report everywhere it is wanted, says what it comes to, and returns the exit code: 6 where anything is open. */
export async function writeReport(
  invocation: Invocation,
  { ledger, period, lines, live, partial }: Gathered,
  targets: readonly Target[],
): Promise<number> {
  const { settings, io } = invocation;
  const facts = await gatherFacts(invocation, ledger, period, {
    ...lines.counted(),
    live,
    ...(partial && { partial }),
  });
  for (const { format, file } of targets) {
    const parts = stoppable(formats[format](facts, lines.spool), io.stop);
    if (file === "-") await writeOutAll(parts, io);
    else await writeWhole(file, parts);
  }
  const verdict = verdictOf(facts);
  const files = targets.map(({ file }) => file).filter((file) => file !== "-");
  const where = files.length === 0 ? "" : ` Written to ${files.join(", ")}.`;
  if (!settings.quiet || !isGood(verdict)) io.stderr.write(`${verdict.title}. ${verdict.sentence}${where}\n`);
  // What a reconcile was asked to compare it has compared, be it a part of the period.
  return isGood(verdict) || (live && verdict.is === "unlisted") ? 0 : exitCodeOf("differences");
}

async function writeOutAll(parts: AsyncIterable<string>, io: Io): Promise<void> {
  for await (const part of parts) await writeOut(part, io);
}
