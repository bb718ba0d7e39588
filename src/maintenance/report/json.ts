import type { ReportLine } from "../../core/proof/report.ts";
import type { ReportFacts } from "./facts.ts";
import type { Spool } from "./spool.ts";
import { verdictOf } from "./verdict.ts";

/** The report as one JSON object, line by line: `period`, `counts`, `head`, `gaps`, `recordings` and what else there is. */
export async function* reportJson(facts: ReportFacts, spool: Spool): AsyncIterable<string> {
  const { period, made, counts, listings, records, broken, ...others } = facts;
  const verdict = verdictOf(facts);
  const head = {
    period: {
      from: isoOf(period.fromMs),
      to: isoOf(period.toMs),
      timezone: period.timezone,
      ...(period.month && { month: period.month }),
    },
    complete: verdict.is === "complete",
    verdict: { is: verdict.is, text: `${verdict.title}: ${verdict.sentence}` },
    counts,
    made: {
      at: made.at,
      by: made.by.name,
      host: made.by.host,
      software: `callreel ${made.version}`,
      archive: made.archive,
    },
    ...others,
    listings: listings.map(({ uncovered, ...listing }) => ({
      ...listing,
      uncovered: uncovered.map(({ fromMs, toMs }) => ({ from: isoOf(fromMs), to: isoOf(toMs) })),
    })),
    records: { ...records, broken },
  };
  yield `${JSON.stringify(head, undefined, 1).slice(0, -2)},\n "gaps": [`;
  yield* listOf(spool, ({ kind }) => kind !== "held");
  yield '],\n "recordings": [';
  yield* listOf(spool, ({ kind }) => kind === "held" || kind === "short");
  yield "]\n}\n";
}

async function* listOf(spool: Spool, wanted: (line: ReportLine) => boolean): AsyncIterable<string> {
  let separator = "\n  ";
  for await (const batch of spool.batches(wanted)) {
    yield separator + batch.map((line) => JSON.stringify(line)).join(",\n  ");
    separator = ",\n  ";
  }
}

function isoOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
