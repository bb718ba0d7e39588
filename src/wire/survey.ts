import type { Invocation } from "../command.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "../core/format.ts";
import type { Ledger } from "../core/ports.ts";
import { ratePerMinute, type SourceSet } from "./source-set.ts";
import type { WiredWork } from "./work.ts";

/**
 * `--dry-run`: how many recordings, how much audio and how long it would take, as sentences or as one event; fetches and
 * records nothing.
 */
export async function survey(
  { work }: WiredWork,
  ledger: Pick<Ledger, "entry">,
  sources: SourceSet,
  { io, settings }: Pick<Invocation, "io" | "settings">,
): Promise<number> {
  let present = 0;
  let wanted = 0;
  let seconds = 0;
  let skippedRows = 0;
  const seen = new Set<string>();
  for await (const piece of work) {
    skippedRows += piece.events.filter((event) => event.event !== "listed").length;
    for (const ref of piece.refs) {
      if (seen.has(ref.key)) continue;
      seen.add(ref.key);
      const state = (await ledger.entry?.(ref.key))?.state;
      if (state === "done" || state === "purged" || state === "gone" || state === "no-recording") present += 1;
      else {
        wanted += 1;
        seconds += ref.call.duration ?? 0;
      }
    }
  }
  const rate = ratePerMinute(sources);
  const ms = rate === undefined ? undefined : Math.round((wanted / rate) * 60_000);
  if (settings.json) {
    const time = new Date(io.clock.now()).toISOString();
    const counts = { recordings: wanted, settled: present, otherRows: skippedRows, audioSeconds: seconds };
    io.stdout.write(`${JSON.stringify({ event: "dry-run", time, ...counts, ms })}\n`);
    return 0;
  }
  const audio =
    seconds === 0 ? "" : `, ${formatDuration(seconds * 1000)} of audio (about ${formatBytes(seconds * 8000)} or less)`;
  const time = rate === undefined || ms === undefined ? "" : ` ≈ ${formatDuration(ms)} at ${formatRate(rate)}`;
  io.stdout.write(`${formatCount(wanted)} recordings to download${time}${audio}\n`);
  io.stdout.write(
    `${formatCount(present)} are settled already; ${formatCount(skippedRows)} rows have none or are filtered out\n`,
  );
  return 0;
}
