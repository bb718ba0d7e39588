import type { ScriptedAnswer, SeenRequest } from "../helpers/scripted-server.ts";

export type Random = () => number;

/** One of these, as chance has it. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** Headers of a budget that no scenario uses up. */
export const plentyOfBudget = {
  "x-rate-limit-group": "heavy",
  "x-rate-limit-limit": "100000",
  "x-rate-limit-remaining": "99999",
  "x-rate-limit-window": "60",
};

/** RingCentral's answer to a login; undefined for every other request. */
export function loginAnswer({ path }: SeenRequest): ScriptedAnswer | undefined {
  if (path !== "/restapi/oauth/token") return undefined;
  return {
    body: { access_token: "t", token_type: "bearer", expires_in: 3600, scope: "ReadCallLog ReadCallRecording" },
  };
}

/** The recording whose audio a request asks for. */
export function askedRecording({ path }: SeenRequest): string | undefined {
  return /\/recording\/([^/]+)\/content$/.exec(path)?.[1];
}

/** RingCentral's own word that a recording is not there. */
export const recordingNotFound: ScriptedAnswer = {
  status: 404,
  body: { errorCode: "CMN-102", message: "Resource for parameter [recordingId] is not found" },
};
