import { isChosen } from "../../faults.ts";
import { extensionNumberOf } from "../account/extensions.ts";
import { ApiError, badParameter } from "../errors.ts";
import type { RingCentralSettings } from "../settings.ts";
import type { Call } from "./call.ts";
import { instantOf } from "./instant.ts";
import type { Moment } from "./timeline.ts";

/** What a call-log request asks for, parsed and checked. */
export interface CallQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly detailed: boolean;
  readonly perPage: number;
  readonly page: number;
  readonly accepts: (call: Call, moment: Moment) => boolean;
}

/** Parses a call-log query; `extension` limits it to one extension's calls. */
export function callQueryOf(
  query: URLSearchParams,
  settings: RingCentralSettings["callLog"],
  now: number,
  extension: number | undefined,
): CallQuery {
  refuseCombinations(query);
  const detailed = oneOf(query, "view", ["Simple", "Detailed"]) === "Detailed";
  const dateTo = query.get("dateTo");
  const dateFrom = query.get("dateFrom");
  const toMs = dateTo === null ? now : instantOf("dateTo", dateTo, settings.wholeSeconds);
  return {
    fromMs: dateFrom === null ? toMs - 86_400_000 : instantOf("dateFrom", dateFrom, settings.wholeSeconds),
    toMs,
    detailed,
    perPage: perPageOf(query, detailed ? settings.maxPerPageDetailed : settings.maxPerPage),
    page: pageOf(query, settings.maxPage),
    accepts: filterOf(query, settings, extension),
  };
}

/** The part of a query that narrows calls, shared with the sync endpoints. */
export function filterOf(
  query: URLSearchParams,
  settings: RingCentralSettings["callLog"],
  extension: number | undefined,
): CallQuery["accepts"] {
  const recordingType = oneOf(query, "recordingType", ["Automatic", "OnDemand", "All"]);
  const honoured = settings.withRecording === "honoured" && recordingType === undefined;
  const recorded = honoured && query.get("withRecording") === "true" ? "All" : recordingType;
  const types = query.getAll("type");
  const directions = query.getAll("direction");
  const transports = query.getAll("transport");
  const [phone, number] = [query.get("phoneNumber"), query.get("extensionNumber")];
  const [session, telephony] = [query.get("sessionId"), query.get("telephonySessionId")];
  const deleted = query.get("showDeleted") === "true";
  return (call, moment) =>
    moment.listed &&
    (extension === undefined || call.extension === extension) &&
    (recorded === undefined || isRecorded(call, moment, recorded)) &&
    (types.length === 0 || types.includes(call.kind === "fax" ? "Fax" : "Voice")) &&
    (directions.length === 0 || directions.includes(call.inbound ? "Inbound" : "Outbound")) &&
    (transports.length === 0 || transports.includes(call.kind === "internal" ? "VoIP" : "PSTN")) &&
    (phone === null || (call.phone === phone && call.kind !== "internal")) &&
    (number === null || extensionNumberOf(call.extension) === number) &&
    (session === null || call.sessionId === session) &&
    (telephony === null || call.telephonySessionId === telephony) &&
    (deleted || !isChosen(settings.deleted, call.index, call.recordId));
}

function isRecorded(call: Call, moment: Moment, type: string): boolean {
  if (!moment.recorded || call.recordings.length === 0) return false;
  return type === "All" || (type === "OnDemand") === (call.kind === "on-demand");
}

function refuseCombinations(query: URLSearchParams): void {
  if (query.has("sessionId") && query.has("extensionNumber")) {
    const message = "Parameter [sessionId] is not allowed for usage along with parameter [extensionNumber]";
    throw new ApiError(400, "CLG-110", message, { category: "InvalidParameter" });
  }
  const phone = query.get("phoneNumber");
  if (phone !== null && query.has("extensionNumber")) throw badParameter("phoneNumber", phone);
}

/** How many records a page is to have, at most `max`. */
export function perPageOf(query: URLSearchParams, max: number): number {
  const text = query.get("perPage");
  if (text === null) return Math.min(100, max);
  return text === "max" ? max : Math.min(positive("perPage", text), max);
}

/** Which page is asked for. */
export function pageOf(query: URLSearchParams, max: number | null): number {
  const text = query.get("page") ?? "1";
  const page = positive("page", text);
  if (max !== null && page > max) throw badParameter("page", text);
  return page;
}

function positive(name: string, text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw badParameter(name, text);
  return value;
}

/** A parameter that takes one of these words. */
export function oneOf(query: URLSearchParams, name: string, words: readonly string[]): string | undefined {
  const value = query.get(name);
  if (value !== null && !words.includes(value)) throw badParameter(name, value);
  return value ?? undefined;
}
