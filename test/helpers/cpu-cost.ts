/** The size of the great input in small ones. */
const times = 256;
/**
 * One great input costs as much as its small parts where the cost is linear, 256 times as much where it is quadratic: no
 * machine is busy enough to make the one look like the other.
 */
export const linear = 50;

/** What takes less is taken to take so many milliseconds: there chance and the compiler weigh more than the input. */
const leastMs = 2;

/** Milliseconds of CPU that this process takes for `work`, the best of several rounds: a busy machine adds little to it. */
function cpuMs(work: () => void, rounds = 5): number {
  const costs = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

/** How many times the CPU of its 256 parts, one by one, an input of this size takes; compare it with `linear`. */
export function growth(work: (size: number) => void, size: number): number {
  const small = cpuMs(() => {
    for (let count = 0; count < times; count += 1) work(size / times);
  });
  return cpuMs(() => work(size)) / Math.max(small, leastMs);
}
