import type { ApiCall, Sandbox } from "../context.ts";
import { badParameter, invalidUri } from "../errors.ts";
import { type Answer, ok } from "../server/answer.ts";
import type { Call } from "./call.ts";
import { instantOf } from "./instant.ts";
import { recordContext } from "./list.ts";
import { filterOf, oneOf } from "./query.ts";
import { recordOf } from "./record.ts";
import { readSyncToken, writeSyncToken } from "./sync-token.ts";
import { longestChangeMs, momentOf } from "./timeline.ts";

/** `GET …/call-log-extract-sync`: the account's records in the order of their last change. */
export function extractCalls(api: ApiCall): Answer {
  const { sandbox, request } = api;
  const { settings } = sandbox;
  if (!settings.sync.extractAvailable) throw invalidUri();
  const now = sandbox.clock.now();
  const syncType = oneOf(request.query, "syncType", ["FSync", "ISync"]) ?? "FSync";
  const start = syncType === "FSync" ? fromDate(api, now) : fromToken(api, now);
  const count = recordCount(request.query, settings.sync.extractMaxRecords);
  const { changes, more } = changedAfter(sandbox, start, count, now);
  const changedMs = changes.at(-1)?.changedMs ?? start.changedMs;
  const token = { kind: "extract", issuedMs: now, changedMs, path: request.path, query: start.query } as const;
  const context = recordContext(sandbox, new URLSearchParams(start.query).get("view") === "Detailed");
  return ok({
    uri: `${sandbox.urls.api}${request.target}`,
    records: changes.map(({ call }) => recordOf(call, momentOf(call, settings.callLog, now), context)),
    syncInfo: {
      syncType,
      syncToken: writeSyncToken(token),
      syncTime: new Date(now).toISOString(),
      newerRecordsExist: more,
    },
  });
}

interface Start {
  readonly changedMs: number;
  readonly query: string;
}

function fromDate({ request }: ApiCall, now: number): Start {
  const text = request.query.get("dateFrom");
  const changedMs = text === null ? now - 3_600_000 : instantOf("dateFrom", text, false);
  return { changedMs, query: request.query.toString() };
}

function fromToken({ sandbox, request }: ApiCall, now: number): Start {
  const { expireTokens, tokenSeconds } = sandbox.settings.sync;
  const oldest = expireTokens ? now : now - tokenSeconds * 1_000;
  return readSyncToken(request.query.get("syncToken") ?? "", "extract", request.path, oldest);
}

interface Change {
  readonly call: Call;
  readonly changedMs: number;
}

/** The first `count` changes after the start, and those of the same millisecond as the last of them. */
function changedAfter(
  sandbox: Sandbox,
  start: Start,
  count: number,
  now: number,
): { changes: Change[]; more: boolean } {
  const { settings, data, calls } = sandbox;
  const frozen = new URLSearchParams(start.query);
  frozen.delete("recordingType");
  const accepts = filterOf(frozen, settings.callLog, undefined);
  const lag = longestChangeMs(settings.callLog, data.seconds[1]);
  const found: Change[] = [];
  let enoughMs = Number.POSITIVE_INFINITY;
  let beyond = false;
  for (const call of calls.oldestFirst(start.changedMs - lag, now)) {
    // Nothing that starts later can have changed before what is already found.
    if (call.startMs > enoughMs) {
      beyond = true;
      break;
    }
    const moment = momentOf(call, settings.callLog, now);
    if (moment.changedMs <= start.changedMs || !accepts(call, moment)) continue;
    found.push({ call, changedMs: moment.changedMs });
    if (found.length === count + 1) enoughMs = Math.max(...found.map((change) => change.changedMs));
  }
  found.sort((one, other) => one.changedMs - other.changedMs || one.call.index - other.call.index);
  const last = found[count - 1]?.changedMs ?? Number.POSITIVE_INFINITY;
  const changes = found.filter((change) => change.changedMs <= last);
  return { changes, more: beyond || changes.length < found.length };
}

function recordCount(query: URLSearchParams, max: number): number {
  const text = query.get("recordCount") ?? "250";
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw badParameter("recordCount", text);
  return Math.min(count, max);
}
