import { doubtAfter, doubtOf, isDoubtOld, isWithoutService, type ServiceDoubt } from "../core/insights.ts";
import { momentText } from "../core/local-time.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Clock } from "../core/model/ports.ts";
import { formatNumberOf } from "../core/text.ts";

/** Whether an account has RingSense at all, as far as its answers tell: kept from run to run, for each login. */
export interface InsightsService {
  /** How many may be asked about in vain: none, a few to see whether there is a licence by now, or all. */
  readonly most: number;
  /** RingSense itself has answered: there is such a thing. */
  known(): Promise<void>;
  /** The gateway knew of no such thing, for a call that began then (NaN where that is not known). */
  unknown(startMs: number): Promise<void>;
  /** What its answers so far, and no other, say of the account; undefined where there is nothing to say. */
  inWords(): string | undefined;
}

const fewAgain = 3;
const certainly = "known";

export async function openInsightsService(
  ledger: Pick<Archive, "get" | "set">,
  login: string | undefined,
  clock: Clock,
  timezone: string | undefined,
): Promise<InsightsService> {
  const note = `insights-service:${login ?? ""}`;
  const kept = await ledger.get(note);
  let isKnown = kept === certainly;
  let doubt: ServiceDoubt | undefined = doubtOf(kept);
  let asked = 0;
  const isAbsent = () => doubt !== undefined && isWithoutService(doubt);
  const wasAbsent = isAbsent();
  const isDue = doubt === undefined || isDoubtOld(doubt, clock.now());

  return {
    get most() {
      if (!isAbsent()) return Number.POSITIVE_INFINITY;
      return wasAbsent && isDue ? Math.max(0, fewAgain - asked) : 0;
    },
    async known() {
      if (!isKnown) await ledger.set(note, certainly);
      isKnown = true;
      doubt = undefined;
    },
    async unknown(startMs) {
      if (isKnown) return;
      asked += 1;
      doubt = doubtAfter(doubt, startMs, clock.now());
      await ledger.set(note, JSON.stringify(doubt));
    },
    inWords() {
      if (doubt === undefined) return undefined;
      const all = formatNumberOf(doubt.unknown, "recording");
      const answered = `RingCentral's gateway knew of no insights (AGW-404) each time that it was asked, for ${all}`;
      if (!isAbsent()) return `${answered}: they may yet come, or the account has no RingSense licence.`;
      const again = asked === 0 ? ` A few are tried again a day after ${momentText(doubt.askedMs, timezone)}.` : "";
      return `${answered}: the account seems to have no RingSense licence.${again}`;
    },
  };
}
