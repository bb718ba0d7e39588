import type { ClientConfig, FieldDef } from "pg";
import type { Reader } from "../../core/model/ports.ts";
import { loadDriver, parseAddress } from "../../platform/database-address.ts";
import { explainError } from "../../platform/database-errors.ts";
import { clientConfig, codeOf } from "../../platform/postgres-client.ts";
import type { DatabaseSettings } from "./connection.ts";
import { type DriverRow, openDatabaseReader, type Session } from "./session.ts";
import type { Column } from "./statement.ts";
import { postgresDialect } from "./statement.ts";

const batchRows = 1000;

/** Rows of a PostgreSQL database. Every value arrives as the text that the server shows, so no time is ever shifted. */
export async function openPostgres(url: string, settings: DatabaseSettings): Promise<Reader> {
  const address = parseAddress(url, settings, 5432);
  const [{ default: pg }, { default: QueryStream }] = await loadDriver(
    () => Promise.all([import("pg"), import("pg-query-stream")]),
    "PostgreSQL",
    "pg pg-query-stream",
  );

  const connect = async (signal: AbortSignal): Promise<Session> => {
    const client = new pg.Client({
      ...clientConfig(address, settings.connectTimeoutMs),
      types: textTypes as unknown as NonNullable<ClientConfig["types"]>,
    });
    // A connection that breaks is told by the statement that was running on it.
    client.on("error", () => {});
    const stop = () => void client.end().catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    const close = async () => {
      signal.removeEventListener("abort", stop);
      await client.end().catch(() => {});
    };
    try {
      await client.connect();
      await client.query("SET datestyle = 'ISO, YMD'; SET default_transaction_read_only = on");
    } catch (error) {
      await close();
      throw error;
    }
    return {
      describe: async ({ sql }) => (await client.query(sql)).fields.map(columnOf),
      stream: ({ sql, values }) =>
        cursorRows(client.query(new QueryStream(sql, [...values], { types: textTypes })).cursor),
      close,
    };
  };
  const explain = (error: Error) => explainError(error, address.label, codeOf);
  return openDatabaseReader({ dialect: postgresDialect, label: address.label, connect, explain }, settings);
}

/** Straight from the cursor: the stream around it never ends when its connection breaks. */
async function* cursorRows(cursor: { read(count: number): Promise<DriverRow[]> }): AsyncGenerator<DriverRow[]> {
  for (;;) {
    const rows = await cursor.read(batchRows);
    if (rows.length === 0) return;
    yield rows;
  }
}

const textTypes = { getTypeParser: () => (text: string) => text };

const kinds: Readonly<Record<number, Column["kind"]>> = {
  1082: "time", // date
  1114: "time", // timestamp
  1184: "time", // timestamp with time zone
  20: "number",
  21: "number",
  23: "number",
  700: "number",
  701: "number",
  1700: "number",
  25: "text",
  1042: "text",
  1043: "text",
};

function columnOf({ name, dataTypeID }: FieldDef): Column {
  return { name, kind: kinds[dataTypeID] ?? "other" };
}
