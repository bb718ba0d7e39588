import type { ApiCall } from "../context.ts";
import { ApiError, badParameter } from "../errors.ts";
import { type Answer, ok } from "../server/answer.ts";
import type { Call } from "./call.ts";
import { instantOf } from "./instant.ts";
import { recordContext } from "./list.ts";
import { filterOf, oneOf } from "./query.ts";
import { recordOf } from "./record.ts";
import { readSyncToken, writeSyncToken } from "./sync-token.ts";
import { longestChangeMs, momentOf } from "./timeline.ts";

const month = 30 * 86_400_000;

/** `GET …/call-log-sync`: the newest records (FSync), or those changed since a token (ISync). */
export function syncCalls(api: ApiCall, extension: number | undefined): Answer {
  const { query } = api.request;
  const syncType = oneOf(query, "syncType", ["FSync", "ISync"]) ?? "FSync";
  return syncType === "FSync" ? fullSync(api, extension) : incrementalSync(api, extension);
}

function fullSync(api: ApiCall, extension: number | undefined): Answer {
  const { sandbox, request } = api;
  const { settings } = sandbox;
  const now = sandbox.clock.now();
  const count = recordCount(request.query, settings.sync.maxRecords);
  const fromMs = since(api, now);
  const accepts = filterOf(request.query, settings.callLog, extension);
  const calls: Call[] = [];
  for (const call of sandbox.calls.newestFirst(fromMs, now)) {
    if (accepts(call, momentOf(call, settings.callLog, now))) calls.push(call);
    if (calls.length >= count) break;
  }
  return answer(api, "FSync", calls, now, request.query.toString());
}

function incrementalSync(api: ApiCall, extension: number | undefined): Answer {
  const { sandbox, request } = api;
  const { settings, clock } = sandbox;
  const now = clock.now();
  const oldest = settings.sync.expireTokens ? now : now - settings.sync.tokenSeconds * 1_000;
  const token = readSyncToken(request.query.get("syncToken") ?? "", "sync", request.path, oldest);
  const frozen = new URLSearchParams(token.query);
  const accepts = filterOf(frozen, settings.callLog, extension);
  const fromMs = token.changedMs - longestChangeMs(settings.callLog, sandbox.data.seconds[1]);
  const calls: Call[] = [];
  for (const call of sandbox.calls.newestFirst(fromMs, now)) {
    const moment = momentOf(call, settings.callLog, now);
    if (moment.changedMs > token.changedMs && accepts(call, moment)) calls.push(call);
    if (calls.length > settings.sync.maxRecords) throw overflow();
  }
  return answer(api, "ISync", calls, now, token.query);
}

function answer(api: ApiCall, syncType: string, calls: readonly Call[], now: number, query: string): Answer {
  const { sandbox, request } = api;
  const context = recordContext(sandbox, new URLSearchParams(query).get("view") === "Detailed");
  const syncToken = writeSyncToken({ kind: "sync", issuedMs: now, changedMs: now, path: request.path, query });
  return ok({
    uri: `${sandbox.urls.api}${request.target}`,
    records: calls.map((call) => recordOf(call, momentOf(call, sandbox.settings.callLog, now), context)),
    syncInfo: { syncType, syncToken, syncTime: new Date(now).toISOString() },
  });
}

function since({ sandbox, request }: ApiCall, now: number): number {
  const text = request.query.get("dateFrom");
  if (text === null) return now - month;
  const fromMs = instantOf("dateFrom", text, false);
  if (fromMs < now - month && sandbox.settings.sync.oldDateFrom === "refuse") throw badParameter("dateFrom", text);
  return Math.max(fromMs, now - month);
}

function recordCount(query: URLSearchParams, max: number): number {
  const text = query.get("recordCount");
  const count = Number(text ?? Number.NaN);
  if (!Number.isInteger(count) || count < 1) throw badParameter("recordCount", text ?? "");
  return Math.min(count, max);
}

function overflow(): ApiError {
  const message = "Parameter [syncToken] is invalid [max sync record number limit is exceeded]";
  return new ApiError(400, "CLG-103", message, {
    category: "InvalidParameter",
    fields: { parameterName: "syncToken" },
  });
}
