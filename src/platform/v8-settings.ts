import { setFlagsFromString } from "node:v8";

/**
 * Asks V8 to keep the heap near what is in use, for some per cent of work more: left to itself it would rather let the
 * heap of a long run grow to twice and more of that than tidy up. All of these are read anew each time they matter, and
 * known to every Node from 20 to 26. They hold for the whole process, but V8 takes some back when a thread starts: each
 * thread says it again.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=40");
  setFlagsFromString("--semi-space-growth-factor=1");
  // undici's parser is WebAssembly. Compiled a second time for speed, it costs 40 MB at its peak and saves next to nothing.
  setFlagsFromString("--liftoff-only");
}
