import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { checkFolders, checkProxy } from "../composition/archive.ts";
import { wireWork } from "../composition/open-work.ts";
import { selectionOf } from "../composition/plan.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { openSources, type SourceSet } from "../composition/sources.ts";
import { asRecordingError } from "../core/model/errors.ts";
import type { Check } from "../core/model/ports.ts";
import type { RecordingRef, SourceName } from "../core/model/recording.ts";

/** Every check in turn with a remedy; 0 when all pass, 7 when a login failed, else 2, 5 or 13 by what failed first. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  const reporter = await openRunReporter(invocation);
  const failed: Check[] = [];
  const show = (check: Check) => {
    if (check.status === "failed") failed.push(check);
    io.stdout.write(settings.json ? `${JSON.stringify(check)}\n` : lineOf(check));
  };
  try {
    for (const check of checkFolders(settings, io)) show(check);
    show(checkProxy(io));
    await using sources = await openSources(invocation, { io, ...reporter });
    for (const name of ["ringcentral", "tim"] as const) await checkSource(name, invocation, sources, show);
  } finally {
    await reporter.close();
  }
  if (!settings.json)
    io.stdout.write(failed.length === 0 ? "All is well.\n" : `${failed.length} of the checks failed.\n`);
  return failed.length === 0 ? 0 : (failed[0]?.exitCode ?? 2);
}

async function checkSource(
  name: SourceName,
  invocation: Invocation,
  sources: SourceSet,
  show: (check: Check) => void,
): Promise<void> {
  const { io, settings } = invocation;
  const source = sources.sources.get(name);
  if (source === undefined) {
    const status = settings.source === name ? "failed" : "skipped";
    show({ name, status, message: "no login is set for it", remedy: `callreel auth login ${name}` });
  } else {
    const sample = await sampleOf(name, invocation, sources, show);
    for await (const check of source.check?.(io.stop, sample) ?? []) show({ ...check, name: `${name}: ${check.name}` });
  }
}

/** The first recording of the rows or the database that the settings name; reading it is a check of its own. */
async function sampleOf(
  name: SourceName,
  invocation: Invocation,
  sources: SourceSet,
  show: (check: Check) => void,
): Promise<RecordingRef | undefined> {
  const { settings, io } = invocation;
  if (settings.rows === undefined && settings.database === undefined) return undefined;
  const place = settings.database === undefined ? "rows" : "database";
  try {
    const { work } = await wireWork(invocation, sources, selectionOf(settings, io.clock.now()), {});
    for await (const { refs } of work) {
      const ref = refs.find((each) => each.source === name);
      if (ref === undefined) continue;
      show({ name: place, status: "ok", message: `can be read; tried is ${ref.key}` });
      return ref;
    }
    show({ name: place, status: "warning", message: `no row speaks of a recording of ${name}` });
  } catch (thrown) {
    const { code, message } = asRecordingError(thrown);
    show({ name: place, status: "failed", message, exitCode: exitCodeOf(code) });
  }
  return undefined;
}

const marks = { ok: "ok      ", warning: "warning ", failed: "FAILED  ", skipped: "skipped " } as const;

function lineOf({ name, status, message, remedy }: Check): string {
  return `${marks[status]} ${name}: ${message}\n${remedy === undefined ? "" : `          → ${remedy}\n`}`;
}
