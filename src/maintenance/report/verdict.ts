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
    return { is: "broken", title: "The records do not hold", sentence };
  }
  if (counts.open > 0 || listings.some(({ differs }) => differs)) return gapsOf(facts);
  const held =
    counts.held === counts.calls
      ? `all ${formatNumberOf(counts.calls, "recording")} held.`
      : `${formatNumberOf(counts.held, "recording")} of ${formatCount(counts.calls)} held, and why each other one is not is explained below.`;
  const unlisted = unlistedInWords(facts);
  if (unlisted !== undefined) {
    const sentence = `${unlisted}, so calls may be missing that nobody knows of. Of what is known: ${held}`;
    return { is: "unlisted", title: "Completeness was not checked", sentence };
  }
  const given = listings.filter(({ isGiven }) => isGiven).map(({ source }) => systemNames[source]);
  if (given.length > 0) {
    const whose = given.join(" and ");
    const sentence = `Nothing is missing of the rows of ${whose} that were given; whether those had every call, ${whose} itself was not asked. ${capitalized(held)}`;
    return { is: "given", title: "Complete against the lists given", sentence };
  }
  return { is: "complete", title: "Complete", sentence: `The whole period was listed by its system: ${held}` };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Which part of the period nobody listed; undefined where all of it was. */
function unlistedInWords({ listings }: ReportFacts): string | undefined {
  if (listings.every(({ lists }) => lists === 0)) return "This period was never listed whole";
  const isPartly = listings.some(({ uncovered }) => uncovered.length > 0);
  return isPartly ? "Not every part of this period was ever listed" : undefined;
}

function gapsOf(facts: ReportFacts): Verdict {
  const { counts, listings } = facts;
  const open = formatNumberOf(counts.open, "recording is", "recordings are");
  const own = counts.open === 0 ? [] : [`${open} missing, damaged, too short or doubtful.`];
  const since = listings.flatMap(({ differs }) =>
    differs === undefined || counts.open > 0
      ? []
      : [`The last reconcile found differences (${differs.detail}), and the period was not listed since.`],
  );
  const unlisted = unlistedInWords(facts);
  const more = unlisted === undefined ? [] : [`${unlisted}.`];
  return { is: "gaps", title: "Not complete", sentence: [...own, ...since, ...more].join(" ") };
}

/** Whether the report ends with 0: nothing is open, and every call was listed or given. */
export function isGood({ is }: Verdict): boolean {
  return is === "complete" || is === "given";
}
