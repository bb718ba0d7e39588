import type { RawFlags, Settings } from "../cli/config.ts";
import { windowOf } from "../cli/dates.ts";
import type { Invocation } from "../cli/io.ts";
import { openArchiveStore, openLedgerToRead } from "../composition/archive.ts";
import { toleranceOf } from "../composition/plan.ts";
import { RecordingError } from "../core/model/errors.ts";
import { periodOf } from "../maintenance/report/facts.ts";
import { addLedgerLines, openReportLines } from "../maintenance/report/lines.ts";
import { checkedTargets, type Format, type Target, writeReport } from "../maintenance/report/write.ts";

/**
 * One report of a period for whoever must prove it: what was listed, what is held, each gap with its reason, and what
 * vouches for it. Reads the ledger and looks at the files; 6 when anything is open.
 */
export async function report(given: Invocation): Promise<number> {
  const invocation = { ...given, settings: wholeOf(given) };
  const { settings, io, flags } = invocation;
  const targets = checkedTargets(targetsOf(flags), invocation);
  const period = periodOf(settings, io.clock.now(), true);
  await using ledger = await openLedgerToRead(settings, io);
  using lines = openReportLines();
  await using store = await openArchiveStore(settings, io, ledger);
  const rules = { tolerance: toleranceOf(settings), timezone: settings.timezone };
  const filter = { ...(settings.source && { source: settings.source }), window: windowOf(settings, io.clock.now()) };
  await addLedgerLines(lines, ledger, filter, { store, rules, stop: io.stop });
  return await writeReport(invocation, { ledger, period, lines, live: false }, targets);
}

/** Without a source but the command line's: a profile's is meant for downloads, and must not make the period smaller. */
function wholeOf({ settings, flags }: Invocation): Settings {
  const { source, ...whole } = settings;
  return flags.source === undefined || source === undefined ? whole : settings;
}

function targetsOf(flags: RawFlags): readonly Target[] {
  const formats: readonly Format[] = ["html", "csv", "json"];
  const targets = formats.flatMap((format): Target[] => {
    const file = flags[`${format}File`];
    return file === undefined ? [] : [{ format, file: typeof file === "string" ? file : "-", flag: `--${format}` }];
  });
  if (targets.length > 0) return targets;
  throw new RecordingError(
    "usage",
    "report: say what to write, with --html FILE, --csv FILE or --json FILE (- for stdout).",
  );
}
