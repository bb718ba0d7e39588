import type { Invocation } from "../command.ts";
import { openGivenRows } from "../core/given-rows.ts";
import type { RecordingRef } from "../core/recording.ts";
import { type Work, workFromRows } from "../core/work.ts";
import { openRunReporter } from "./reporter.ts";
import { openRefReader } from "./row-refs.ts";
import { wireReader } from "./rows.ts";

/** What the rows of a command that asks no source came to. */
export interface GivenRefs {
  readonly refs: AsyncIterable<RecordingRef>;
  /** How many rows could not be read so far. */
  rejected(): number;
  close(): Promise<void>;
}

/**
 * The recordings that the given rows speak of, told without a login; undefined where no rows are given. A bad row is told
 * as a download tells it and costs itself alone; rows of which none can be read throw `bad-rows`.
 */
export async function openGivenRefs(invocation: Invocation): Promise<GivenRefs | undefined> {
  const { settings, io } = invocation;
  const reader = await wireReader(settings, {}, io);
  if (reader === undefined) return undefined;
  const { recordings } = await openRefReader();
  const rules = {
    sourceOf: () => ({ recordings: (row: Parameters<typeof recordings>[0]) => recordings(row, settings.source) }),
    selection: {},
    nowMs: io.clock.now,
    given: openGivenRows({}),
  };
  const { report, close } = await openRunReporter({
    ...invocation,
    settings: { ...settings, json: false, progress: "plain" },
  });
  let rejected = 0;
  async function* refsIn(works: AsyncIterable<Work>): AsyncIterable<RecordingRef> {
    for await (const work of works) {
      for (const event of work.events) {
        if (event.event === "row-rejected") rejected += 1;
        if (event.event === "row-rejected" || event.event === "notice") report(event);
      }
      yield* work.refs;
    }
  }
  return { refs: refsIn(workFromRows(reader.rows(io.stop), rules)), rejected: () => rejected, close };
}
