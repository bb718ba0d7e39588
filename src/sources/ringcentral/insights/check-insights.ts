import type { Check } from "../../../core/model/ports.ts";
import type { Api } from "../api.ts";
import { hasPermission } from "../auth/login-status.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { RingCentralSettings } from "../settings.ts";

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
