import { worst } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { isBucket } from "../composition/archive.ts";
import { checkFolders, checkLedger, checkProxy } from "../composition/archive-checks.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { checkLine, checkLogins } from "../composition/source-checks.ts";
import type { Check } from "../core/model/ports.ts";
import { formatNumberOf } from "../core/text.ts";

/** Every check in turn with a remedy; 0 when all pass, 7 when a login failed or is missing, else 2, 5 or 13. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { io, settings } = invocation;
  const reporter = await openRunReporter(invocation);
  const failed: Check[] = [];
  const show = (check: Check) => {
    if (check.status === "failed") failed.push(check);
    io.stdout.write(settings.json ? `${JSON.stringify(check)}\n` : checkLine(check, io.stdout));
  };
  try {
    for (const check of checkFolders(settings, io)) show(check);
    show(checkProxy(io));
    for await (const check of checkLedger(settings, io)) show(check);
    if (isBucket(settings)) {
      const { checkBucketOf } = await import("../composition/bucket.ts");
      for await (const check of checkBucketOf(settings, io, reporter)) show(check);
    }
    for await (const check of checkLogins(invocation, { io, ...reporter })) show(check);
  } finally {
    await reporter.close();
  }
  if (!settings.json)
    io.stdout.write(
      failed.length === 0 ? "All checks passed.\n" : `${formatNumberOf(failed.length, "check")} failed.\n`,
    );
  return worst(failed.map(({ exitCode }) => exitCode ?? 2));
}
