import { once } from "node:events";
import { csvLine } from "../../core/csv-field.ts";
import { localTime } from "../../core/local-time.ts";
import type { LedgerEntry } from "../../core/model/ledger.ts";
import { safeHeaders, type Visit } from "../respond.ts";
import { type Catalogue, catalogueEntries } from "./catalogue-page.ts";
import type { CatalogueQuery } from "./catalogue-query.ts";

/** A column's value of an entry; times in `zone`, as they are written without one. */
type Value = (entry: LedgerEntry, zone: string | undefined, address: string) => string | number | undefined;

const columns: readonly (readonly [title: string, value: Value])[] = [
  ["Date", ({ ref }, zone) => localTime(ref.call.start, zone).date],
  ["Time", ({ ref }, zone) => localTime(ref.call.start, zone).time?.replaceAll("-", ":")],
  ["Direction", ({ ref }) => ref.call.direction],
  ["From", ({ ref }) => ref.call.from],
  ["To", ({ ref }) => ref.call.to],
  ["Extension", ({ ref }) => ref.call.extension],
  ["Agent", ({ ref }) => ref.call.user],
  ["Name", ({ ref }) => ref.call.name],
  ["Seconds", ({ ref, stored }) => stored?.audioSeconds ?? ref.call.duration],
  ["System", ({ ref }) => (ref.source === "tim" ? "TIM" : "RingCentral")],
  ["Archived", ({ state }) => (state === "done" ? "yes" : "no")],
  ["Recording", ({ ref }) => ref.id],
  ["Link", ({ ref }, _, address) => `${address}/r/${ref.key}`],
];

/**
 * Sends a whole list as CSV that spreadsheets read (UTF-8 with its mark) and never calculate. That it was taken, by whom
 * and with which filters stands in the archives' audit logs before its first line leaves.
 */
export async function sendCsv(
  { request, response, signal }: Visit,
  catalogue: Catalogue,
  params: URLSearchParams,
  asked: CatalogueQuery,
  address: string,
): Promise<void> {
  const isSent = request.method === "GET";
  if (isSent) await auditList(catalogue, params);
  response.writeHead(200, {
    ...safeHeaders,
    "cache-control": "no-store",
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="call-recordings.csv"',
  });
  if (!isSent) return void response.end();
  let lines = `\ufeff${columns.map(([title]) => title).join(",")}\r\n`;
  for await (const entry of catalogueEntries(catalogue, params, asked.query)) {
    if (entry !== undefined) lines += lineOf(entry, asked.zone, address);
    if (lines.length < 64 * 1024) continue;
    if (!response.write(lines)) await once(response, "drain", { signal });
    if (signal.aborted) return;
    lines = "";
  }
  response.end(lines);
}

function lineOf(entry: LedgerEntry, zone: string | undefined, address: string): string {
  return csvLine(columns.map(([, value]) => value(entry, zone, address)));
}

async function auditList({ archiveSet, listener }: Catalogue, params: URLSearchParams): Promise<void> {
  const filters = ["text", "from", "to", "direction", "source", "where"].flatMap((name) => {
    const value = params.get(name)?.slice(0, 200) ?? "";
    return value === "" ? [] : [`${name} ${JSON.stringify(value)}`];
  });
  const which = filters.length === 0 ? "of all calls" : `with ${filters.join(", ")}`;
  const detail = `the list ${which}, as CSV, by ${listener.name}`;
  const reason = params.get("reason")?.trim().slice(0, 500) ?? "";
  const line = { action: "export", detail, by: listener.name, ...(reason !== "" && { reason }) } as const;
  for (const { ledger } of archiveSet.archives) await ledger.audit(line);
}
