/** The size of the great input in small ones. */
const times = 32;
/** One great input costs as much as 32 small ones where the cost is linear, 32 times as much where it is quadratic. */
export const linear = 10;

/** What takes less is taken to take so many milliseconds: there chance and the compiler weigh more than the input. */
const leastMs = 2;

/** Milliseconds of CPU that this process takes for `work`, the best of several rounds: a busy machine adds little to it. */
export function cpuMs(work: () => void, rounds = 5): number {
  const costs = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

/** How many times the CPU of 32 inputs of this size one that is 32 times as long takes; compare it with `linear`. */
export function growth(work: (size: number) => void, size: number): number {
  const small = cpuMs(() => {
    for (let count = 0; count < times; count += 1) work(size);
  });
  return cpuMs(() => work(times * size)) / Math.max(small, leastMs);
}
