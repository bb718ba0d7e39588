import type { RawFlags, Settings } from "../cli/config.ts";
import { period as parsePeriod } from "../cli/dates.ts";
import type { Invocation } from "../cli/io.ts";
import { formatTable, writeOut } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import { type RetentionRule, readRules, writeRules } from "../maintenance/retention-rules.ts";

/** Rules of how long calls are kept, for `purge --by-retention`: `set PERIOD`, `list`, `remove`; deletes nothing itself. */
export async function retention(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const [action = "", given] = args;
  await using ledger = await openExistingLedger(settings, io);
  const rules = await readRules(ledger);
  if (action === "list") return await listRules(rules, invocation);
  if (action === "set" && given !== undefined) return await setRule(given, rules, ledger, invocation);
  if (action === "remove") return await removeRule(rules, ledger, invocation);
  throw new RecordingError("usage", "retention takes set PERIOD (such as 7y), list or remove.");
}

async function listRules(rules: readonly RetentionRule[], { settings, io }: Invocation): Promise<0> {
  const columns = (["keep", "direction", "extension"] as const).map((name) => ({
    title: name.toUpperCase(),
    value: (rule: RetentionRule) => rule[name] ?? "all",
  }));
  const lines = rules.map((rule) => `${JSON.stringify(rule)}\n`).join("");
  await writeOut(settings.json ? lines : rules.length > 0 ? formatTable(rules, columns) : "", io);
  if (rules.length === 0 && !settings.json) io.stderr.write("There are no retention rules: nothing is ever due.\n");
  return 0;
}

async function setRule(
  period: string,
  rules: readonly RetentionRule[],
  ledger: Archive,
  { settings, flags, io }: Invocation,
): Promise<0> {
  const reason = auditReason(settings, "retention");
  const whose = whoseOf(settings, flags);
  const rule = { keep: parsePeriod(period), ...whose };
  await writeRules(ledger, [...othersThan(whose, rules), rule]);
  await ledger.audit({ action: "retention-set", detail: JSON.stringify(rule), ...(reason && { reason }) });
  const before = rules.find((each) => isFor(whose, each));
  const change = before === undefined ? "" : `; it was ${before.keep}`;
  if (!settings.quiet) io.stderr.write(`The rule is now to keep these calls for ${rule.keep}${change}.\n`);
  return 0;
}

async function removeRule(
  rules: readonly RetentionRule[],
  ledger: Archive,
  { settings, flags }: Invocation,
): Promise<0> {
  const reason = auditReason(settings, "retention");
  const whose = whoseOf(settings, flags);
  const others = othersThan(whose, rules);
  if (others.length === rules.length) throw new RecordingError("not-found", "There is no such retention rule.");
  await writeRules(ledger, others);
  await ledger.audit({ action: "retention-remove", detail: JSON.stringify(whose), ...(reason && { reason }) });
  return 0;
}

/** Whose calls a rule is for; what a profile or a variable says is meant for downloads. */
function whoseOf({ direction, extension }: Settings, flags: RawFlags): Omit<RetentionRule, "keep"> {
  return {
    ...(flags.direction !== undefined && { direction: direction as NonNullable<RetentionRule["direction"]> }),
    ...(flags.extension !== undefined && extension !== undefined && { extension }),
  };
}

function isFor(whose: Omit<RetentionRule, "keep">, rule: RetentionRule): boolean {
  return rule.direction === whose.direction && rule.extension === whose.extension;
}

function othersThan(whose: Omit<RetentionRule, "keep">, rules: readonly RetentionRule[]): readonly RetentionRule[] {
  return rules.filter((rule) => !isFor(whose, rule));
}
