import type { Ledger, Selection, Source } from "../core/ports.ts";
import { retentionNote, usualRetentionDays } from "../core/retention.ts";

type Notes = Pick<Ledger, "get" | "set">;

const dayMs = 24 * 60 * 60 * 1000;
/** The shortest that any RingCentral account is known to be set to. */
const shortestDays = 30;

/**
 * From which instant back calls are past what the source keeps; undefined where the window holds none of them. A day more
 * than the source says is left to it, since it deletes in rounds of its own.
 */
export async function expiredOf(
  source: Source,
  fromMs: number | undefined,
  notes: Notes,
  nowMs: number,
  signal: AbortSignal,
): Promise<Selection["expired"]> {
  if (fromMs === undefined || fromMs >= nowMs - shortestDays * dayMs) return undefined;
  const days = await keptDays(source, notes, nowMs, signal);
  const beforeMs = nowMs - ((days ?? usualRetentionDays.ringcentral) + 1) * dayMs;
  return fromMs < beforeMs ? { beforeMs, assumed: days === undefined } : undefined;
}

/** Asks once a day how long the system keeps recordings: `status` then tells what will expire. */
export async function noteRetention(source: Source, notes: Notes, nowMs: number, signal: AbortSignal): Promise<void> {
  await keptDays(source, notes, nowMs, signal).catch(() => undefined);
}

async function keptDays(source: Source, notes: Notes, nowMs: number, signal: AbortSignal): Promise<number | undefined> {
  const [asked, kept] = [`retention-asked:${source.name}`, retentionNote(source.name)];
  const age = nowMs - Number((await notes.get?.(asked)) ?? 0);
  if (source.retentionDays !== undefined && !(age >= 0 && age < dayMs)) {
    const days = await source.retentionDays(signal).catch(() => signal.throwIfAborted());
    if (days !== undefined) await notes.set?.(kept, String(days));
    await notes.set?.(asked, String(nowMs));
    if (days !== undefined) return days;
  }
  const known = Number(await notes.get?.(kept));
  return Number.isFinite(known) && known > 0 ? known : undefined;
}
