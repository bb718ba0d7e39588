import type { Sandbox } from "../context.ts";
import type { Call } from "./call.ts";

/** Adds so many calls of `seconds` that end now, and tells subscribers of each. */
export function addCalls({ clock, calls, gateway }: Sandbox, count: number, seconds = 35): readonly Call[] {
  return Array.from({ length: count }, () => {
    const call = calls.add(clock.now() - seconds * 1000, { durationSeconds: seconds });
    gateway.notify(call, "Disconnected");
    return call;
  });
}
