import { accountId } from "../account/extensions.ts";
import type { ApiCall, Sandbox } from "../context.ts";
import { navigationOf } from "../navigation.ts";
import { type Answer, ok } from "../server/answer.ts";
import type { Call } from "./call.ts";
import { openPagePlaces, type PagePlaces } from "./page-places.ts";
import { type CallQuery, callQueryOf } from "./query.ts";
import { type RecordContext, recordOf } from "./record.ts";
import type { Place } from "./store.ts";
import { momentOf } from "./timeline.ts";

/** `GET …/call-log` of the account, or of one extension. */
export function listCalls({ sandbox, request }: ApiCall, extension: number | undefined): Answer {
  const { settings, clock, urls } = sandbox;
  arrive(sandbox, settings.callLog.driftPerPage);
  const now = clock.now();
  const query = callQueryOf(request.query, settings.callLog, now, extension);
  const key = `${request.path} ${withoutPage(request.query)} ${sandbox.calls.version()} ${JSON.stringify(settings.callLog)}`;
  const { calls, more } = pageOf(sandbox, query, now, key);
  const context = recordContext(sandbox, query.detailed);
  const records = calls.map((call) => recordOf(call, momentOf(call, settings.callLog, now), context));
  const uri = (page: number) => `${urls.api}${request.path}?${withPage(request.query, page, query.perPage)}`;
  const first = (query.page - 1) * query.perPage;
  const total = settings.callLog.totals ? count(sandbox, query, now) : undefined;
  const lastPage = total === undefined ? undefined : Math.max(1, Math.ceil(total / query.perPage));
  return ok({
    uri: uri(query.page),
    records,
    paging: {
      page: query.page,
      perPage: query.perPage,
      ...(records.length > 0 || settings.callLog.emptyPageFields
        ? { pageStart: first, pageEnd: first + Math.max(0, records.length - 1) }
        : {}),
      ...(total === undefined ? {} : { totalPages: lastPage, totalElements: total }),
    },
    ...(settings.callLog.navigation === "absent" ? {} : { navigation: navigationOf(uri, query.page, more, lastPage) }),
  });
}

/** What records of this sandbox have in common. */
export function recordContext({ settings, urls }: Sandbox, detailed: boolean): RecordContext {
  const { contentBase, lastModifiedMoves, ownExtensionNumber } = settings.callLog;
  return {
    apiUrl: urls.api,
    contentBase: contentBase ?? urls.media,
    accountId,
    detailed,
    lastModifiedMoves,
    ownExtensionNumber,
  };
}

function arrive({ calls, clock }: Sandbox, count: number): void {
  const longAgoEnough = 90_000;
  for (let each = 0; each < count; each++) calls.add(clock.now() - longAgoEnough, { durationSeconds: 31 });
}

const memories = new WeakMap<Sandbox, PagePlaces>();

function pageOf(sandbox: Sandbox, query: CallQuery, now: number, key: string): { calls: Call[]; more: boolean } {
  const places = memories.get(sandbox) ?? openPagePlaces();
  memories.set(sandbox, places);
  const settled = query.toMs < now - 86_400_000 || isSettled(sandbox, now);
  const known = settled ? places.get(key, query.page) : { page: 1, place: undefined };
  const skip = (query.page - known.page) * query.perPage;
  const calls: Call[] = [];
  let seen = 0;
  let before: Place | undefined;
  for (const call of walk(sandbox, query, known.place)) {
    if (!query.accepts(call, momentOf(call, sandbox.settings.callLog, now))) continue;
    seen += 1;
    if (seen > skip + query.perPage) {
      if (settled) places.set(key, query.page + 1, calls.at(-1)!);
      return { calls: repeated(sandbox, calls, query, before ?? known.place), more: true };
    }
    if (seen > skip) calls.push(call);
    else before = call;
  }
  return { calls: repeated(sandbox, calls, query, before ?? known.place), more: false };
}

function walk({ calls, settings }: Sandbox, query: CallQuery, after: Place | undefined): Iterable<Call> {
  const { fromMs, toMs } = query;
  return settings.callLog.order === "newest"
    ? calls.newestFirst(fromMs, toMs, after)
    : calls.oldestFirst(fromMs, toMs, after);
}

/** Whether no record changes any more, so that pages begin where they began. */
function isSettled({ calls, settings }: Sandbox, now: number): boolean {
  for (const call of calls.newestFirst(-Infinity, Infinity)) {
    const moment = momentOf(call, settings.callLog, now);
    return moment.listed && moment.recorded;
  }
  return true;
}

/** The page with the last record of the page before in front, when the sandbox is to repeat records. */
function repeated({ settings, calls }: Sandbox, page: Call[], query: CallQuery, before: Place | undefined): Call[] {
  if (!settings.callLog.duplicates || query.page === 1 || before === undefined) return page;
  for (const call of calls.newestFirst(before.startMs, before.startMs))
    if (call.index === before.index) return [call, ...page];
  return page;
}

function count(sandbox: Sandbox, query: CallQuery, now: number): number {
  let total = 0;
  for (const call of walk(sandbox, query, undefined)) {
    if (query.accepts(call, momentOf(call, sandbox.settings.callLog, now))) total += 1;
  }
  return total;
}

function withoutPage(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete("page");
  return rest.toString();
}

function withPage(query: URLSearchParams, page: number, perPage: number): string {
  const all = new URLSearchParams(query);
  all.set("page", String(page));
  all.set("perPage", String(perPage));
  return all.toString();
}
