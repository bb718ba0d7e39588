import type { Invocation } from "../cli/io.ts";
import type { Line } from "../core/download/download-plan.ts";
import type { Work } from "../core/download/work.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { SourceName } from "../core/model/recording.ts";
import { chain, type Notes, pendingWork } from "./listed-work.ts";
import type { WiredWork } from "./open-work.ts";
import type { SourceSet } from "./sources.ts";

/**
 * What the ledger still wants of the sources that have a login, each source's nearest to expiry first and all sources at
 * the same time: first whatever is free, handed out in small numbers where several work on it, then all that is left, so
 * that nothing is passed over in silence.
 */
export function wirePending({ args, settings, flags }: Invocation, { sources }: SourceSet, ledger: Notes): WiredWork {
  const selecting = ["rows", "database", "from", "to", "month", "since"].find((name) => flags[name] !== undefined);
  if (args.length > 0 || selecting !== undefined || settings.enqueueOnly) {
    throw new RecordingError(
      "usage",
      "--pending downloads what the ledger wants: leave out ids, rows, --database, --from, --since and --enqueue-only.",
    );
  }
  const { pending } = ledger;
  if (pending === undefined) throw new RecordingError("usage", "--pending needs an archive: leave out -o - and -n.");
  const names = settings.source === undefined ? [...sources.keys()] : [settings.source];
  const [first = { work: chain<Work>() }, ...otherLines] = names.map((name) => lineOf(name, pending, ledger.pull));
  return { ...first, otherLines, named: [], complete: async () => {} };
}

/** Noting an id that somebody may have mistyped would keep it wanted for ever. */
export function refuseIdsToEnqueue(args: readonly string[]): void {
  if (args.length === 0) return;
  throw new RecordingError("usage", "--enqueue-only takes rows or a listing, no ids: download these at once.");
}

function lineOf(name: SourceName, pending: NonNullable<Notes["pending"]>, pull: Notes["pull"]): Line {
  return { work: pendingWork(pending(name)), ...(pull && { pull: (most) => pull(name, most) }) };
}
