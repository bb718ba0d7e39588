import { createHash } from "node:crypto";
import { mp3For } from "../../audio/mp3.ts";
import { seededRandom } from "../../audio/seeded-random.ts";
import { wavFor } from "../../audio/wav.ts";
import { isChosen } from "../../faults.ts";
import type { Call } from "../calls/call.ts";
import { recordingOfId } from "../calls/ids.ts";
import type { CallStore } from "../calls/store.ts";
import type { RingCentralSettings } from "../settings.ts";

/** The audio of the account's recordings. */
export interface Audio {
  /** The whole file as it is served. */
  bytes(id: string, call: Call): Buffer;
  typeOf(id: string): string;
  /** Bytes by id alone; refuses an id that no recording has. */
  of(id: string): Buffer;
  sha256Of(id: string): string;
}

/** Makes each recording's audio on the spot, from its id and its call's duration. */
export function openAudio(calls: CallStore, settings: RingCentralSettings["content"]): Audio {
  const typeOf = (id: string) => {
    if (settings.type !== "mixed") return settings.type;
    return seededRandom(id)() < 0.5 ? "audio/mpeg" : "audio/x-wav";
  };
  const secondsOf = (id: string, { durationSeconds }: Call) => {
    const { chosen, seconds } = settings.brief;
    return isChosen(chosen, recordingOfId(id) ?? 0, id) ? Math.min(seconds, durationSeconds) : durationSeconds;
  };
  const bytes = (id: string, call: Call) => {
    const seed = `${id} ${settings.revision}`;
    const seconds = secondsOf(id, call);
    return typeOf(id) === "audio/mpeg" ? mp3For(seed, seconds) : wavFor(seed, { seconds });
  };
  const of = (id: string) => {
    const call = calls.byRecordingId(id);
    if (!call) throw new Error(`the sandbox has no recording ${id}`);
    return bytes(id, call);
  };
  return { bytes, typeOf, of, sha256Of: (id) => createHash("sha256").update(of(id)).digest("hex") };
}
