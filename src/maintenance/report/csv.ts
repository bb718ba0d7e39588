import { csvLine } from "../../core/csv-field.ts";
import type { ReportLine } from "../../core/proof/report.ts";
import type { Spool } from "./spool.ts";

const columns: readonly (readonly [string, (line: ReportLine) => string | number | boolean | undefined])[] = [
  ["kind", ({ kind }) => kind],
  ["open", ({ open }) => open],
  ["key", ({ key }) => key],
  ["source", ({ source }) => source],
  ["id", ({ id }) => id],
  ["account", ({ account }) => account],
  ["start", ({ start }) => start],
  ["duration", ({ duration }) => duration],
  ["direction", ({ direction }) => direction],
  ["from", ({ from }) => from],
  ["to", ({ to }) => to],
  ["extension", ({ extension }) => extension],
  ["name", ({ name }) => name],
  ["audio_seconds", ({ audioSeconds }) => audioSeconds],
  ["bytes", ({ bytes }) => bytes],
  ["sha256", ({ sha256 }) => sha256],
  ["path", ({ path }) => path],
  ["reason", ({ reason }) => reason],
  ["said_by", ({ evidence }) => evidence?.by],
  ["said_times", ({ evidence }) => evidence?.times],
  ["said_first", ({ evidence }) => evidence?.first],
  ["said_last", ({ evidence }) => evidence?.last],
  ["proven", ({ evidence }) => evidence?.proven],
  ["note", ({ note }) => note],
];

/** Each recording of the report as a line of CSV, in the order of the calls; no cell is a formula. */
export async function* reportCsv(spool: Spool): AsyncIterable<string> {
  yield `${columns.map(([name]) => name).join(",")}\r\n`;
  for await (const batch of spool.batches(() => true)) {
    yield batch.map((line) => csvLine(columns.map(([, get]) => get(line)))).join("");
  }
}
