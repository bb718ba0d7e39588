import type { LinkSource, RequestBudget } from "../model/ports.ts";
import type { Link, RecordingRef } from "../model/recording.ts";

/**
 * The links of several logins to one system: each comes from the login with the fewest links under way, so that every
 * login spends its own budget, and says whose it is. What comes of a link is classified by the login that gave it, or
 * refused to.
 */
export function poolLinks(sources: readonly [LinkSource, ...LinkSource[]]): LinkSource {
  const [first] = sources;
  const owners = new WeakMap<Link, LinkSource>();
  /** Whose link each recording was last asked with. */
  const askedBy = new WeakMap<RecordingRef, LinkSource>();
  const underWay = new Map(sources.map((source) => [source, 0]));
  const linksOf = (source: LinkSource) => underWay.get(source) as number;
  const add = (source: LinkSource, change: number) => underWay.set(source, linksOf(source) + change);
  const idlest = () => sources.reduce((a, b) => (linksOf(b) < linksOf(a) ? b : a));

  return {
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
  };
}

function sumOf(a: RequestBudget, b: RequestBudget): RequestBudget {
  return { limit: a.limit + b.limit, used: a.used + b.used };
}
