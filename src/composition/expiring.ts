import { retentionNote, usualRetentionDays } from "../core/download/evidence.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Clock } from "../core/model/ports.ts";
import type { SourceName } from "../core/model/recording.ts";

/** How many recordings that are still wanted will be gone at the source within so many days. */
export interface Expiring {
  readonly source: SourceName;
  readonly days: 7 | 30;
  readonly entries: number;
  /** The start of the oldest call among them. */
  readonly oldest: string | undefined;
}

const dayMs = 86_400_000;

/** What expires within 7 and within 30 days, by the retention that the source has told, else the usual one. */
export async function expiringSoon(ledger: Archive, clock: Pick<Clock, "now">): Promise<readonly Expiring[]> {
  const retention = Number(await ledger.get(retentionNote("ringcentral"))) || usualRetentionDays.ringcentral;
  const within = async (days: 7 | 30): Promise<Expiring> => {
    const before = new Date(clock.now() - (retention - days) * dayMs).toISOString();
    const { entries, oldest } = await ledger.waiting("ringcentral", before);
    return { source: "ringcentral", days, entries, oldest };
  };
  return [await within(7), await within(30)];
}
