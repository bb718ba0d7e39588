import { period } from "../cli/dates.ts";
import type { Invocation } from "../cli/io.ts";
import { formatTable, writeOut } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { RecordingError } from "../core/model/errors.ts";
import { type RetentionRule, readRules, writeRules } from "../maintenance/retention-rules.ts";

/** Rules of how long calls are kept, for `purge --by-retention`: `set PERIOD`, `list`, `remove`; deletes nothing itself. */
export async function retention({ settings, flags, io, args }: Invocation): Promise<number> {
  const [action = "", given] = args;
  await using ledger = await openExistingLedger(settings, io);
  const rules = await readRules(ledger);
  if (action === "list") {
    const columns = (["keep", "direction", "extension"] as const).map((name) => ({
      title: name.toUpperCase(),
      value: (rule: RetentionRule) => rule[name] ?? "all",
    }));
    const lines = rules.map((rule) => `${JSON.stringify(rule)}\n`).join("");
    await writeOut(settings.json ? lines : rules.length > 0 ? formatTable(rules, columns) : "", io);
    if (rules.length === 0 && !settings.json) io.stderr.write("There are no retention rules: nothing is ever due.\n");
    return 0;
  }
  if (action !== "remove" && (action !== "set" || given === undefined)) {
    throw new RecordingError("usage", "retention takes set PERIOD (such as 7y), list or remove.");
  }
  const reason = auditReason(settings, "retention");
  const { direction, extension } = settings;
  const whose = {
    ...(flags.direction !== undefined && { direction: direction as NonNullable<RetentionRule["direction"]> }),
    ...(flags.extension !== undefined && extension !== undefined && { extension }),
  };
  const others = rules.filter((rule) => rule.direction !== whose.direction || rule.extension !== whose.extension);
  if (action === "set" && given !== undefined) {
    const rule = { keep: period(given), ...whose };
    await writeRules(ledger, [...others, rule]);
    await ledger.audit({ action: "retention-set", detail: JSON.stringify(rule), ...(reason && { reason }) });
    const before = rules.find((each) => !others.includes(each));
    const change = before === undefined ? "" : `; it was ${before.keep}`;
    if (!settings.quiet) io.stderr.write(`The rule is now to keep these calls for ${rule.keep}${change}.\n`);
    return 0;
  }
  if (others.length === rules.length) throw new RecordingError("not-found", "There is no such retention rule.");
  await writeRules(ledger, others);
  await ledger.audit({ action: "retention-remove", detail: JSON.stringify(whose), ...(reason && { reason }) });
  return 0;
}
