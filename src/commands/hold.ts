import { windowOf } from "../cli/dates.ts";
import type { Invocation } from "../cli/io.ts";
import { type Column, formatTable, tableWidth, writeOut } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { auditReason } from "../composition/audit-reason.ts";
import { covers, type Hold, type HoldRule, ruleInWords, ruleText } from "../core/holds.ts";
import { momentText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import { formatNumberOf, printable } from "../core/text.ts";
import { namedEntries } from "../maintenance/named-entries.ts";

/**
 * Legal holds: `add` keeps recordings from every purge, `remove` lifts holds, `list` shows those in force, `confirm` says
 * that all that are needed stand after a rebuild that could not read them. Needs no lock: a hold is at once, beside a run.
 */
export async function hold(invocation: Invocation): Promise<number> {
  const [action = "", ...names] = invocation.args;
  const act = actions[action];
  if (act === undefined) {
    const known = Object.keys(actions).join(", ");
    throw new RecordingError("usage", `hold: "${printable(action)}" is not one of ${known}.`);
  }
  await using ledger = await openExistingLedger(invocation.settings, invocation.io);
  return await act(invocation, names, ledger);
}

type Action = (invocation: Invocation, names: readonly string[], ledger: Archive) => Promise<number>;

const actions: Readonly<Record<string, Action>> = { add, remove, list, confirm };

async function add(invocation: Invocation, names: readonly string[], ledger: Archive): Promise<number> {
  const { settings, io } = invocation;
  const reason = auditReason(settings, "hold");
  const rules = await rulesOf(invocation, names, ledger);
  if (rules.length === 0) throw unasked("add");
  const placed = await ledger.holds();
  const standing = rules.map((rule) => placed.find((each) => isSameMatter(each, rule, reason)));
  const added = await ledger.addHolds(
    rules.filter((_, index) => standing[index] === undefined),
    reason,
  );
  for (const each of standing.filter((found) => found !== undefined)) {
    io.stderr.write(`Already held by ${each.name}: ${ruleInWords(each.rule, settings.timezone)}.\n`);
  }
  await tell(added, invocation, ledger);
  const beingPurged = (await ledger.purging()).filter(({ holds = [] }) =>
    holds.some(({ name }) => added.some((each) => each.name === name)),
  );
  for (const { key } of beingPurged) {
    io.stderr.write(
      `callreel: warning: ${key} is being purged, or its purge was interrupted: what is left of it is kept.\n`,
    );
  }
  return beingPurged.length > 0 ? 3 : 0;
}

/** Whether a hold keeps the same for the same reason: a second claim is a hold of its own, which outlives the first. */
function isSameMatter(hold: Hold, rule: HoldRule, reason: string | undefined): boolean {
  if (hold.rule === undefined || ruleText(hold.rule) !== ruleText(rule)) return false;
  return reason === undefined || reason === hold.reason;
}

async function remove(invocation: Invocation, names: readonly string[], ledger: Archive): Promise<number> {
  const { settings, io } = invocation;
  const reason = auditReason(settings, "hold");
  const holds = await ledger.holds();
  const byName = names.filter((name) => /^hold-\d+$/.test(name));
  const ids = names.filter((name) => !byName.includes(name));
  const rules = await rulesOf(invocation, ids, ledger);
  if (rules.length + byName.length === 0) throw unasked("remove");
  const missing = byName.find((name) => !holds.some((each) => each.name === name));
  if (missing !== undefined) throw noHold(missing);
  const found = rules.map((rule) => {
    const same = holds.filter((each) => each.rule !== undefined && ruleText(each.rule) === ruleText(rule));
    if (same.length === 0) throw noHold(ruleInWords(rule, settings.timezone));
    return same;
  });
  const lifted = [...holds.filter(({ name }) => byName.includes(name)), ...found.flat()];
  await ledger.removeHolds(
    lifted.map(({ name }) => name),
    reason,
  );
  for (const each of new Set(lifted)) {
    io.stderr.write(`Removed ${each.name}: ${ruleInWords(each.rule, settings.timezone)}.\n`);
  }
  return 0;
}

async function list(invocation: Invocation, names: readonly string[], ledger: Archive): Promise<number> {
  const { settings, io } = invocation;
  const entries = await namedEntries(names, ledger);
  const holds = (await ledger.holds()).filter(
    ({ rule }) => entries.length === 0 || rule === undefined || entries.some(({ ref }) => covers(rule, ref)),
  );
  await tell(holds, invocation, ledger);
  const lost = await ledger.lostHolds();
  if (!settings.json && holds.length === 0) io.stderr.write("No legal holds are in force.\n");
  if (lost === undefined) return 0;
  io.stderr.write(
    `callreel: warning: legal holds may be lost, because a rebuild could not read ${lost}: nothing is purged until \`callreel hold confirm\`.\n`,
  );
  return 3;
}

async function confirm({ settings, io }: Invocation, _: readonly string[], ledger: Archive): Promise<number> {
  const lost = await ledger.lostHolds();
  await ledger.confirmHolds(auditReason(settings, "hold"));
  io.stderr.write(
    lost === undefined
      ? "There is nothing to confirm.\n"
      : "Confirmed: purges follow the holds in `hold list` again.\n",
  );
  return 0;
}

/** A rule for each recording named, or one for what was asked for on this command line: no profile may narrow a hold. */
async function rulesOf(
  { settings, flags, io }: Invocation,
  names: readonly string[],
  ledger: Archive,
): Promise<HoldRule[]> {
  const window = windowOf(
    {
      ...(flags.from !== undefined && { from: settings.from }),
      ...(flags.to !== undefined && { to: settings.to }),
      ...(flags.month !== undefined && { month: settings.month }),
      timezone: settings.timezone,
    } as Parameters<typeof windowOf>[0],
    io.clock.now(),
  );
  const { number, name, text, direction, extension, source } = settings;
  const words = {
    ...(flags.number !== undefined && number !== undefined && { number }),
    ...(flags.name !== undefined && name !== undefined && { name }),
    ...(flags.text !== undefined && text !== undefined && { text }),
    ...(flags.direction !== undefined && direction !== undefined && { direction }),
    ...(flags.extension !== undefined && extension !== undefined && { extension }),
    ...(Object.keys(window).length > 0 && { window }),
  };
  if (names.length === 0) {
    if (Object.keys(words).length === 0) return [];
    return [{ ...words, ...(flags.source !== undefined && source !== undefined && { source }) }];
  }
  if (Object.keys(words).length > 0) {
    throw new RecordingError(
      "usage",
      "hold: give either ids or what to select by, such as --number; each is a hold of its own.",
    );
  }
  const purging = new Set((await ledger.purging()).map(({ key }) => key));
  const entries = await namedEntries(names, ledger);
  const gone = entries.find(({ ref, state }) => state === "purged" && !purging.has(ref.key));
  if (gone !== undefined) {
    throw new RecordingError("not-found", `${gone.ref.key} was purged: nothing is left of it that could be held.`);
  }
  return entries.map(({ ref }) => ({ key: ref.key }));
}

function unasked(action: string): RecordingError {
  const what = "ids, --number, --name, --text, --extension, --direction, --month, or --from and --to";
  return new RecordingError("usage", `hold ${action}: say which recordings: ${what}.`);
}

function noHold(what: string): RecordingError {
  return new RecordingError(
    "not-found",
    `There is no such hold: ${printable(what)}. \`callreel hold list\` shows those in force.`,
  );
}

interface CountedHold extends Hold {
  /** Recordings held that it keeps at present. */
  readonly recordings: number;
}

async function tell(holds: readonly Hold[], invocation: Invocation, ledger: Archive): Promise<void> {
  if (holds.length === 0) return;
  const { settings, io } = invocation;
  const counted = await countedHolds(holds, ledger);
  if (settings.json) {
    await writeOut(counted.map((each) => `${JSON.stringify(jsonOf(each))}\n`).join(""), io);
    return;
  }
  if (!settings.quiet || invocation.args[0] === "list") {
    await writeOut(formatTable(counted, columnsIn(settings.timezone), tableWidth(io.stdout)), io);
  }
}

async function countedHolds(holds: readonly Hold[], ledger: Archive): Promise<CountedHold[]> {
  const counts = holds.map(() => 0);
  for await (const page of ledger.entries({ states: ["done"] })) {
    for (const { ref } of page) {
      for (const [at, { rule }] of holds.entries()) if (rule === undefined || covers(rule, ref)) counts[at]! += 1;
    }
  }
  return holds.map((each, at) => ({ ...each, recordings: counts[at]! }));
}

const columnsIn = (timezone: string | undefined): readonly Column<CountedHold>[] => [
  { title: "HOLD", value: ({ name }) => name },
  { title: "SINCE", value: ({ atMs }) => momentText(atMs, timezone).slice(0, 10) },
  { title: "KEEPS", value: ({ rule }) => ruleInWords(rule, timezone) },
  { title: "NOW", align: "right", value: ({ recordings }) => formatNumberOf(recordings, "recording") },
  { title: "BY", value: ({ by }) => by ?? "" },
  { title: "REASON", value: ({ reason }) => reason ?? "" },
];

function jsonOf({ name, atMs, rule, recordings, ...others }: CountedHold) {
  const { window, ...words } = rule ?? {};
  const bound = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    hold: name,
    at: new Date(atMs).toISOString(),
    ...words,
    ...(window && { from: bound(window.fromMs), to: bound(window.toMs) }),
    ...(rule === undefined && { damaged: true }),
    recordings,
    ...others,
  };
}
