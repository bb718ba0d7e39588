import type { Settings } from "../../cli/config.ts";
import type { Invocation } from "../../cli/io.ts";
import { RecordingError } from "../../core/model/errors.ts";
import { refuseSeveralArchives } from "../each-profile.ts";

/** What environment and profile may hold for other commands, and no watch heeds. */
const notHeeded: readonly (keyof Settings)[] = [
  "rows",
  "database",
  "table",
  "query",
  "columns",
  "from",
  "to",
  "month",
  "since",
  "pending",
  "enqueueOnly",
  "includeExpired",
  "orderBy",
  "maxDownloads",
  "maxDuration",
  "maxTransfer",
  "failFast",
  "forceOverwrites",
  "retryGone",
  "dryRun",
  "errorFile",
  "execFailed",
  "eachProfile",
  "progress",
  "enqueueOnly",
  "pending",
];

/** The invocation with what holds for a watch alone. Throws `usage` for what cannot be watched. */
export async function watchInvocation(invocation: Invocation): Promise<Invocation> {
  const { settings } = invocation;
  if (settings.source === "tim") {
    throw new RecordingError(
      "usage",
      "TIM does not tell of new calls, so there is nothing to watch: run callreel download --database URL from a timer.",
    );
  }
  if (settings.output === "-") {
    throw new RecordingError("usage", "watch keeps an archive up to date: give its folder with -d, and no -o -.");
  }
  await refuseSeveralArchives(invocation);
  const heeded = Object.entries(settings).filter(([key]) => !(notHeeded as readonly string[]).includes(key));
  return { ...invocation, args: [], settings: { ...Object.fromEntries(heeded), source: "ringcentral" } };
}

/** The same with settings of one run, which stand in its record. */
export function withSettings(invocation: Invocation, settings: Settings): Invocation {
  const origins = Object.fromEntries(Object.keys(settings).map((key) => [key, "watch"]));
  return {
    ...invocation,
    settings: { ...invocation.settings, ...settings },
    origins: { ...invocation.origins, ...origins },
  };
}
