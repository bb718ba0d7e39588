/** How fast something grows, over the last while. */
export interface Meter {
  /** The count as it is at `now` (milliseconds, never running back). */
  mark(now: number, count: number): void;
  /** Growth per millisecond over the window; undefined before there is a step to measure. */
  perMs(now: number, count: number): number | undefined;
}

const steps = 60;

/** Keeps at most 60 marks, however often it is told. */
export function openMeter(windowMs: number): Meter {
  const marks: { at: number; count: number }[] = [];
  return {
    mark(at, count) {
      const last = marks.at(-1);
      if (last !== undefined && at - last.at < windowMs / steps) return;
      marks.push({ at, count });
      if (marks.length > steps) marks.shift();
    },
    perMs(now, count) {
      while (marks.length > 1 && now - (marks[1]?.at ?? now) >= windowMs) marks.shift();
      const first = marks[0];
      if (first === undefined || now - first.at < windowMs / steps) return undefined;
      // Long silence leaves one old mark: growth since then is spread over all of it.
      return (count - first.count) / (now - first.at);
    },
  };
}
