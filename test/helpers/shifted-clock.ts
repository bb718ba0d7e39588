/** Environment for a Node program whose wall clock is ahead of the machine's by so many milliseconds, in every thread. */
export function shiftedClock(ms: number): { NODE_OPTIONS: string } {
  const code = `const Real = Date;
globalThis.Date = class Date extends Real {
  constructor(...given) { given.length === 0 ? super(Real.now() + ${ms}) : super(...given); }
  static now() { return Real.now() + ${ms}; }
};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
