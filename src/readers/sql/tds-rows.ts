import type { Connection, Request } from "tedious";
import type { DriverRow } from "./session.ts";
import type { Column, Statement } from "./statement.ts";

type Tedious = typeof import("tedious");
interface Cell {
  readonly value: unknown;
  readonly metadata: { readonly colName: string; readonly type: { readonly name: string } };
}

const batchRows = 1000;

/** The columns of a statement's result. */
export async function columnsOf(tedious: Tedious, connection: Connection, sql: string): Promise<Column[]> {
  let columns: Column[] = [];
  await new Promise<void>((resolve, reject) => {
    const request = new tedious.Request(sql, (error) => (error ? reject(error) : resolve()));
    request.on("columnMetadata", (found) => {
      columns = (found as Cell["metadata"][]).map(({ colName, type }) => ({ name: colName, kind: kindOf(type.name) }));
    });
    connection.execSqlBatch(request);
  });
  return columns;
}

/** A statement's rows; the server is held back while they wait to be taken. */
export async function* streamRows(
  tedious: Tedious,
  connection: Connection,
  { sql, values }: Statement,
): AsyncGenerator<DriverRow[]> {
  let batch: DriverRow[] = [];
  let ended: { error: Error | null | undefined } | undefined;
  let wake = () => {};
  const request: Request = new tedious.Request(sql, (error) => {
    ended = { error };
    wake();
  });
  request.on("row", (cells: Cell[]) => {
    batch.push(rowOf(cells));
    if (batch.length < batchRows) return;
    request.pause();
    wake();
  });
  for (const [at, value] of values.entries()) request.addParameter(`p${at + 1}`, tedious.TYPES.NVarChar, value);
  if (values.length > 0) connection.execSql(request);
  else connection.execSqlBatch(request);

  while (ended === undefined || batch.length > 0) {
    if (ended === undefined && batch.length < batchRows) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const taken = batch;
    batch = [];
    yield taken;
    request.resume();
  }
  if (ended.error) throw ended.error;
}

function rowOf(cells: readonly Cell[]): DriverRow {
  const row: Record<string, unknown> = {};
  for (const { value, metadata } of cells) {
    if (Object.hasOwn(row, metadata.colName)) continue;
    row[metadata.colName] = value instanceof Date ? timeText(value, metadata.type.name) : value;
  }
  return row;
}

/** A time as SQL Server shows it: naive as it is stored, with all digits of datetime2. */
function timeText(time: Date & { nanosecondsDelta?: number }, type: string): string {
  const [day, clock] = time.toISOString().slice(0, -1).split("T") as [string, string];
  const more = time.nanosecondsDelta
    ? Math.round(time.nanosecondsDelta * 1e7)
        .toString()
        .padStart(4, "0")
    : "";
  if (type === "Date") return day;
  if (type === "Time") return clock + more;
  return `${day} ${clock}${more}${type === "DateTimeOffset" ? " +00:00" : ""}`;
}

function kindOf(type: string): Column["kind"] {
  if (/^(Small)?Date(Time)?(2|N|Offset)?$/.test(type)) return "time";
  if (/^(Tiny|Small|Big)?Int|^(Float|Real|Decimal|Numeric|Money|SmallMoney)/.test(type)) return "number";
  return /^N?(Var)?Char$/.test(type) ? "text" : "other";
}
