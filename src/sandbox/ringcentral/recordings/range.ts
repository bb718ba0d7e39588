/** A stretch of a body: from `first` to `last`, both included. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
}

/** Reads a Range header of one stretch. Undefined = send all (absent, several stretches, another unit, nonsense). */
export function rangeOf(header: string | undefined, size: number): Stretch | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [from, to] = [match[1]!, match[2]!];
  if (from === "")
    return to === "0" || size === 0 ? "unsatisfiable" : { first: Math.max(0, size - Number(to)), last: size - 1 };
  if (to !== "" && Number(to) < Number(from)) return undefined;
  if (Number(from) >= size) return "unsatisfiable";
  return { first: Number(from), last: to === "" ? size - 1 : Math.min(size - 1, Number(to)) };
}
