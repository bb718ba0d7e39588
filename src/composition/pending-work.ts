import type { Invocation } from "../cli/io.ts";
import type { Work } from "../core/download/work.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { SourceName } from "../core/model/recording.ts";
import type { Notes } from "./listed-work.ts";
import type { WiredWork } from "./open-work.ts";
import type { SourceSet } from "./sources.ts";

/**
 * What the ledger still wants of the sources that have a login, nearest to expiry first: first whatever is free, handed out
 * in small numbers where several work on it, then all that is left, so that nothing is passed over in silence.
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
  const pull = ledger.pull === undefined ? {} : { pull: pullFrom(names, ledger.pull) };
  return { work: allOf(names, pending), ...pull, named: [], complete: async () => {} };
}

/** Noting an id that somebody may have mistyped would keep it wanted for ever. */
export function refuseIdsToEnqueue(args: readonly string[]): void {
  if (args.length === 0) return;
  throw new RecordingError("usage", "--enqueue-only takes rows or a listing, no ids: download these at once.");
}

/** What can expire comes first: RingCentral deletes by age, and of TIM nothing is known. */
function byExpiry(names: readonly SourceName[]): readonly SourceName[] {
  return [...names].sort();
}

function pullFrom(names: readonly SourceName[], pull: NonNullable<Notes["pull"]>): WiredWork["pull"] {
  const left = [...byExpiry(names)];
  return async (most) => {
    for (;;) {
      const [source] = left;
      if (source === undefined) return [];
      const refs = await pull(source, most);
      if (refs.length > 0) return refs;
      left.shift();
    }
  };
}

async function* allOf(names: readonly SourceName[], pending: NonNullable<Notes["pending"]>): AsyncIterable<Work> {
  for (const source of byExpiry(names)) {
    for await (const refs of pending(source)) yield { refs, events: [] };
  }
}
