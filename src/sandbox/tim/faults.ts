export const faultKinds = [
  "status", // answers `status` instead
  "html", // 200 with a page
  "json", // 200 with an error object
  "empty", // 200 with nothing
  "delay", // answers as always, `ms` later
  "reset", // breaks the connection instead of answering
  "hang", // never answers
  "reset-body", // breaks the connection after `bytes` of the body
  "end-body", // ends the connection politely after `bytes` of the body, less than was announced
  "cut-body", // sends `bytes` of the body and announces just that
  "stall-body", // sends `bytes` of the body, then nothing for `ms`
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** One thing that goes wrong, counted in matching requests. */
export interface Fault {
  on: "tim" | "echo";
  do: FaultKind;
  /** Only for this voicefilename. */
  recording?: string;
  /** The first request to fail, from 1. */
  from?: number;
  /** How many requests in a row fail; 1 unless told, 0 = all from there on. */
  times?: number;
  status?: number;
  /** Sent as the Retry-After header. */
  retryAfter?: string;
  ms?: number;
  /** With `delay`: moves the sandbox's clock before it answers, as if that much time had passed. */
  advanceMs?: number;
  bytes?: number;
}

/** Which fault, if any, meets the next request. Counts are kept per fault object, so that a new list counts anew. */
export interface FaultPlan {
  next(faults: readonly Fault[], on: Fault["on"], recording: string | undefined): Fault | undefined;
}

export function openFaultPlan(): FaultPlan {
  const seen = new WeakMap<Fault, number>();
  return {
    next(faults, on, recording) {
      let met: Fault | undefined;
      for (const fault of faults) {
        if (fault.on !== on || (fault.recording !== undefined && fault.recording !== recording)) continue;
        const count = (seen.get(fault) ?? 0) + 1;
        seen.set(fault, count);
        const from = fault.from ?? 1;
        const times = fault.times ?? 1;
        if (!met && count >= from && (times === 0 || count < from + times)) met = fault;
      }
      return met;
    },
  };
}

/** Throws with what is wrong unless `value` is a list of faults. */
export function checkFaults(value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError("settings.faults must be a list");
  value.forEach((fault: unknown, index) => {
    const path = `settings.faults[${index}]`;
    if (typeof fault !== "object" || fault === null) throw new TypeError(`${path} must be an object`);
    for (const [name, given] of Object.entries({ on: undefined, do: undefined, ...fault }))
      if (!Object.hasOwn(isFaultField, name) || !isFaultField[name as keyof Fault](given))
        throw new TypeError(`${path}.${name} is not known, or has a wrong value`);
  });
}

const isText = (given: unknown) => typeof given === "string";
const isCount = (given: unknown) => typeof given === "number" && given >= 0;

const isFaultField: Readonly<Record<keyof Fault, (given: unknown) => boolean>> = {
  on: (given) => given === "tim" || given === "echo",
  do: (given) => faultKinds.includes(given as FaultKind),
  recording: isText,
  retryAfter: isText,
  from: isCount,
  times: isCount,
  status: isCount,
  ms: isCount,
  advanceMs: isCount,
  bytes: isCount,
};
