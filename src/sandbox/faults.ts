/** Which of many things a switch is about: none, all, every n-th (counted from `offset`), or those with these ids. */
export type Chosen = "none" | "all" | { every: number; offset?: number } | { ids: readonly string[] };

/** Whether the thing with this running number and id is meant. */
export function isChosen(chosen: Chosen, index: number, id: string): boolean {
  if (chosen === "none") return false;
  if (chosen === "all") return true;
  if ("ids" in chosen) return chosen.ids.includes(id);
  return index % chosen.every === (chosen.offset ?? 0) % chosen.every;
}

/** When a fault strikes: on which route, for which ids, after how many harmless requests, how often in all and per id. */
export interface FaultTrigger {
  /** A route's name, or `*` for each. */
  route: string;
  ids?: readonly string[];
  /** Requests that pass before the first fault. */
  skip?: number;
  /** How many requests fail before the fault is used up; without it the fault stays. */
  times?: number;
  /** How many requests fail for each id. */
  timesPerId?: number;
}

/** Finds the first fault that strikes this request, and counts it; faults that are used up leave the list. */
export function takeFault<Fault extends FaultTrigger>(faults: Fault[], route: string, id = ""): Fault | undefined {
  const struck = faults.find((fault) => strikes(fault, route, id));
  if (struck?.times !== undefined) {
    struck.times -= 1;
    if (struck.times <= 0) faults.splice(faults.indexOf(struck), 1);
  }
  return struck;
}

const struckIds = new WeakMap<FaultTrigger, Map<string, number>>();

function strikes(fault: FaultTrigger, route: string, id: string): boolean {
  if (fault.route !== "*" && fault.route !== route) return false;
  if (fault.ids && !fault.ids.includes(id)) return false;
  if (fault.skip !== undefined && fault.skip > 0) {
    fault.skip -= 1;
    return false;
  }
  if (fault.timesPerId === undefined) return true;
  const counts = struckIds.get(fault) ?? new Map<string, number>();
  struckIds.set(fault, counts);
  const count = (counts.get(id) ?? 0) + 1;
  counts.set(id, count);
  return count <= fault.timesPerId;
}
