import type { Clock } from "../core/ports.ts";
import type { RecordingKey } from "../core/recording.ts";
import type { Listener } from "./sessions.ts";
import type { ShelfArchive } from "./shelf.ts";

/** Requests this close together are one listening: a player asks for a recording piece by piece. */
const oneListeningMs = 10 * 60_000;
const mostRemembered = 10_000;

/** Writes each listening into the archive's audit log once, however many requests it takes. */
export function openAuditor(clock: Clock) {
  const heard = new WeakMap<Listener, Map<string, number>>();
  return async (listener: Listener, key: RecordingKey, way: "listened" | "downloaded", { ledger }: ShelfArchive) => {
    const known = heard.get(listener) ?? new Map<string, number>();
    heard.set(listener, known);
    const name = `${way} ${key}`;
    const now = clock.monotonic();
    const last = known.get(name);
    known.set(name, now);
    if (known.size > mostRemembered) known.delete(known.keys().next().value as string);
    if (last !== undefined && now - last < oneListeningMs) return;
    await ledger.audit({ action: "playback", key, detail: `${way} by ${listener.name}` });
  };
}
