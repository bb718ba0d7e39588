/*
 * The question and its answer are those of the guide (AI, RingSense) and of the official SDK (`RecordingInsights`): rate limit
 * group light, app permission RingSense, the user's permission ReadRingSenseInsights.
 */

import { asRecordingError, RecordingError } from "../../core/model/errors.ts";
import type { Check, InsightsSource } from "../../core/model/ports.ts";
import type { Api } from "./api.ts";
import { hasPermission, ifAllowed } from "./auth/login-status.ts";
import type { Tokens } from "./auth/tokens.ts";
import { errorCodes, parsedObject } from "./error-bodies.ts";
import type { RingCentralSettings } from "./settings.ts";

/** The sort of request that asks for insights, for the rate limiter. */
const insightsKind = "insights";

/** RingSense's insights into the recordings of calls, through the API of one login. */
export function openInsights({
  settings,
  api,
}: {
  readonly settings: RingCentralSettings;
  readonly api: Api;
}): InsightsSource {
  const account = encodeURIComponent(settings.account ?? "~");
  const records = `${settings.server}/ai/ringsense/v1/public/accounts/${account}/domains/pbx/records`;
  let asked: Promise<boolean | undefined> | undefined;
  const mayRead = (signal: AbortSignal) => {
    asked ??= ifAllowed(hasPermission({ settings, api }, "ReadRingSenseInsights", signal));
    return asked;
  };
  return {
    async of({ id }, signal) {
      try {
        return checked(await api.bytes(insightsKind, `${records}/${encodeURIComponent(id)}/insights`, signal), id);
      } catch (thrown) {
        const absence = absenceOf(asRecordingError(thrown));
        // The gateway says the same of a role that lacks the permission, before RingSense is asked.
        if (absence === "no-service" && (await mayRead(signal)) === false) throw notAllowed();
        return absence;
      }
    },
  };
}

/** Insights that say nothing are still to be written. */
function checked(bytes: Uint8Array, id: string): Uint8Array | "not-there" {
  const answer = parsedObject(Buffer.from(bytes).toString("utf8"));
  const { insights, sourceRecordId = id } = answer ?? {};
  if (typeof insights !== "object" || insights === null || Array.isArray(insights) || String(sourceRecordId) !== id) {
    throw new RecordingError("bad-answer", `RingCentral's answer is not the insights of recording ${id}.`);
  }
  return Object.values(insights).some((units) => Array.isArray(units) && units.length > 0) ? bytes : "not-there";
}

/** 404 is how RingCentral says that there are none; AGW-404 is its gateway's word, also for accounts without RingSense. */
function absenceOf(error: RecordingError): "not-there" | "no-service" {
  if (error.head?.status === 404) return errorCodes(error.body).has("AGW-404") ? "no-service" : "not-there";
  if (error.code !== "forbidden" && error.code !== "permission-refused") throw error;
  throw notAllowed();
}

function notAllowed(): RecordingError {
  const message =
    "RingCentral does not let this login read RingSense's insights: they need a RingSense licence, the app permission RingSense and the user permission ReadRingSenseInsights.";
  return new RecordingError("forbidden", message);
}

/** Whether the login may read RingSense's insights, by what the token and RingCentral say. No recording fails without them. */
export async function checkInsights(
  { settings, tokens }: { readonly settings: RingCentralSettings; readonly tokens: Tokens },
  api: Api,
  signal: AbortSignal,
): Promise<Omit<Check, "name">> {
  if (!settings.insights) return { status: "skipped", message: "not asked for (--insights asks)" };
  const { scope } = await tokens.current(signal);
  if (scope !== "" && !scope.split(/\s+/).includes("RingSense")) {
    const remedy = "Add it to the app in RingCentral's developer console, then log in again.";
    return { status: "warning", message: "The app lacks RingSense.", remedy };
  }
  if ((await hasPermission({ api, settings }, "ReadRingSenseInsights", signal)) === false) {
    const remedy = "Have an administrator give a role with RingSense for Sales, Access Insights.";
    return { status: "warning", message: "The user's role lacks ReadRingSenseInsights.", remedy };
  }
  return { status: "ok", message: "The user may read RingSense's insights." };
}
