import type { Invocation } from "../command.ts";
import type { Check } from "../core/ports.ts";
import type { SourceName } from "../core/recording.ts";
import { checkFolders } from "../wire/check-folders.ts";
import { openRunReporter } from "../wire/reporter.ts";
import { openSources } from "../wire/source-set.ts";

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
  { io, settings }: Invocation,
  { sources }: Awaited<ReturnType<typeof openSources>>,
  show: (check: Check) => void,
): Promise<void> {
  const source = sources.get(name);
  if (source === undefined) {
    const status = settings.source === name ? "failed" : "skipped";
    show({ name, status, message: "no login is set for it", remedy: `callreel auth login ${name}` });
  } else {
    for await (const check of source.check?.(io.stop) ?? []) show({ ...check, name: `${name}: ${check.name}` });
  }
}

const marks = { ok: "ok      ", warning: "warning ", failed: "FAILED  ", skipped: "skipped " } as const;

function lineOf({ name, status, message, remedy }: Check): string {
  return `${marks[status]} ${name}: ${message}\n${remedy === undefined ? "" : `          → ${remedy}\n`}`;
}
