import { momentText } from "../../core/local-time.ts";
import type { ReportCounts } from "../../core/proof/report.ts";
import { formatCount, formatNumberOf } from "../../core/text.ts";
import type { ReportFacts } from "./facts.ts";
import { systemNames } from "./listings.ts";

/** What a report comes to. */
export interface Verdict {
  /** `given`: nothing is missing of what people gave as the list of calls. */
  readonly is: "complete" | "given" | "unlisted" | "gaps" | "broken";
  readonly title: string;
  readonly sentence: string;
}

/** The worst of what the facts say; completeness is said only of what was listed whole. */
export function verdictOf(facts: ReportFacts): Verdict {
  const { broken, counts, listings } = facts;
  if (broken.length > 0) {
    const sentence =
      "The archive's own records were changed, cut off or replaced: nothing here is proven. callreel verify tells more.";
    return { is: "broken", title: "The records are not intact", sentence };
  }
  if (counts.open > 0 || listings.some(({ differs }) => differs)) return gapsOf(facts);
  const held =
    counts.held === counts.calls
      ? allHeld(counts.held)
      : `${formatNumberOf(counts.held, "recording")} of ${formatCount(counts.calls)} held; the report says why the others are not.`;
  if (facts.partial !== undefined) {
    const sentence = `${capitalized(facts.partial)}, so this report is not of every call in the period. Of those: ${held}`;
    return { is: "unlisted", title: "Only a part was checked", sentence };
  }
  const unlisted = unlistedInWords(facts);
  if (unlisted !== undefined) {
    const sentence = `${unlisted}, so calls may be missing that nobody knows of. Of those known: ${held}`;
    return { is: "unlisted", title: isAhead(facts) ? "Not over yet" : "Completeness was not checked", sentence };
  }
  const given = listings.filter(({ isGiven }) => isGiven).map(({ source }) => systemNames[source]);
  if (given.length > 0) {
    const whose = given.join(" and ");
    const sentence = `Nothing is missing of the rows of ${whose} that were given; whether those had every call, ${whose} itself was not asked. ${capitalized(held)}`;
    return { is: "given", title: "Complete against the lists given", sentence };
  }
  return { is: "complete", title: "Complete", sentence: `The whole period was listed by its system: ${held}` };
}

function allHeld(count: number): string {
  if (count === 0) return "no recordings.";
  return count === 1 ? "the only recording is held." : `all ${formatNumberOf(count, "recording")} held.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `3 recordings are open: 2 missing, 1 damaged.` */
function openInWords(counts: ReportCounts): string {
  const kinds: readonly (readonly [number, string])[] = [
    [counts.missing, "missing"],
    [counts.damaged, "damaged"],
    [counts.short, "too short"],
    [counts.goneUnproven, "said to be gone (not proven)"],
    [counts.forbidden, "not permitted"],
    [counts.notReady, "not ready"],
    [counts.undated, "of unknown time"],
    [counts.extra, "not listed by the source"],
  ];
  const told = kinds.filter(([count]) => count > 0).map(([count, name]) => `${formatCount(count)} ${name}`);
  return `${formatNumberOf(counts.open, "recording is", "recordings are")} open: ${told.join(", ")}.`;
}

/** Which part of the period nobody listed; undefined where all of it was. */
function unlistedInWords(facts: ReportFacts): string | undefined {
  const { listings, period } = facts;
  if (listings.every(({ lists }) => lists === 0)) return "This period was never listed completely";
  const stretches = listings.flatMap(({ uncovered }) => uncovered);
  if (stretches.length === 0) return undefined;
  if (!isAhead(facts)) return "Not every part of this period was ever listed";
  const until = Math.min(...stretches.map(({ fromMs }) => fromMs));
  return `This period is not over, and was listed only until ${momentText(until, period.timezone)}`;
}

/** Whether only the end of a period that is not over yet was not listed. */
function isAhead({ listings, period, made }: ReportFacts): boolean {
  if (period.toMs <= Date.parse(made.at) || listings.every(({ lists }) => lists === 0)) return false;
  const stretches = listings.flatMap(({ uncovered }) => uncovered);
  return stretches.every(({ fromMs, toMs }) => fromMs > period.fromMs && toMs === period.toMs);
}

function gapsOf(facts: ReportFacts): Verdict {
  const { counts, listings, partial } = facts;
  const own = counts.open === 0 ? [] : [openInWords(counts)];
  const since = listings.flatMap(({ differs }) =>
    differs === undefined || counts.open > 0
      ? []
      : [`The last reconcile found differences (${differs.detail}), and the period has not been listed since.`],
  );
  const unlisted = partial === undefined ? unlistedInWords(facts) : `Only a part was checked: ${partial}`;
  const more = unlisted === undefined ? [] : [`${unlisted}.`];
  return { is: "gaps", title: "Not complete", sentence: [...own, ...since, ...more].join(" ") };
}

/** Whether the report ends with 0: nothing is open, and every call was listed or given. */
export function isGood({ is }: Verdict): boolean {
  return is === "complete" || is === "given";
}
