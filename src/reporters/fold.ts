import { formatNumberOf } from "../core/text.ts";

/** What was said already is not said again for so long, only counted. */
const spanMs = 60_000;
/** How many different texts are told apart. */
const mostKinds = 1000;

/** Texts that say the same, folded into the first of them and a count. */
export interface Fold {
  /** Calls `write` with nothing to add, or, where the text was said within the last minute, later, with how often it was repeated. */
  say(text: string, write: (repeated: string) => void): void;
  /** Writes what was counted so far. */
  flush(): void;
}

interface Said {
  readonly since: number;
  readonly write: (repeated: string) => void;
  count: number;
}

/** Folds by the milliseconds that `now` tells. */
export function openFold(now: () => number): Fold {
  const said = new Map<string, Said>();

  function tell({ count, write }: Said): void {
    if (count > 0) write(` … (repeated ${formatNumberOf(count, "time")})`);
  }

  function forgetOldest(): void {
    for (const [text, oldest] of said) {
      tell(oldest);
      said.delete(text);
      return;
    }
  }

  return {
    say(text, write) {
      const before = said.get(text);
      if (before !== undefined) {
        before.count += 1;
        if (now() - before.since < spanMs) return;
      }
      said.delete(text);
      if (said.size >= mostKinds) forgetOldest();
      if (before === undefined) write("");
      else tell(before);
      said.set(text, { since: now(), write, count: 0 });
    },
    flush() {
      for (const each of said.values()) tell(each);
      said.clear();
    },
  };
}
