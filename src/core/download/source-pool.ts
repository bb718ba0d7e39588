import type { RequestBudget, Source } from "../model/ports.ts";
import type { Link, RecordingRef } from "../model/recording.ts";

/**
 * Several logins to one system as one source: each link comes from the login with the fewest links under way, so that
 * every login spends its own budget, and says whose it is. What comes of a link is classified by the login that gave it, or refused to. Rows and
 * listing are the first login's.
 */
export function poolSources(sources: readonly [Source, ...Source[]]): Source {
  const [first] = sources;
  const owners = new WeakMap<Link, Source>();
  /** Whose link each recording was last asked with. */
  const askedBy = new WeakMap<RecordingRef, Source>();
  const underWay = new Map<Source, number>(sources.map((source) => [source, 0]));
  const add = (source: Source, change: number) => underWay.set(source, (underWay.get(source) ?? 0) + change);
  const idlest = () => sources.reduce((a, b) => ((underWay.get(b) ?? 0) < (underWay.get(a) ?? 0) ? b : a));

  return {
    ...first,
    async link(ref, failed, signal) {
      const source = (failed && owners.get(failed)) ?? idlest();
      askedBy.set(ref, source);
      add(source, 1);
      let answered = false;
      const settle = () => {
        if (!answered) add(source, -1);
        answered = true;
      };
      try {
        const link = await source.link(ref, failed, signal);
        const pooled: Link = {
          ...link,
          login: sources.indexOf(source),
          answered(head, sent) {
            settle();
            link.answered?.(head, sent);
          },
        };
        owners.set(pooled, source);
        return pooled;
      } catch (error) {
        settle();
        throw error;
      }
    },
    classifyFailure: (error, ref, renewals) => (askedBy.get(ref) ?? first).classifyFailure(error, ref, renewals),
    addressesOf: (ref) => (askedBy.get(ref) ?? first).addressesOf?.(ref) ?? [],
    ratePerMinute() {
      const rates = sources.map((source) => source.ratePerMinute?.());
      return rates.every((rate) => rate !== undefined) ? rates.reduce((a, b) => a + b, 0) : undefined;
    },
    budget() {
      const budgets = sources.map((source) => source.budget?.()).filter((each) => each !== undefined);
      return budgets.length === 0 ? undefined : budgets.reduce(sumOf);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    },
  };
}

function sumOf(a: RequestBudget, b: RequestBudget): RequestBudget {
  return { limit: a.limit + b.limit, used: a.used + b.used };
}
