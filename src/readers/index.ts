import type { Readable } from "node:stream";
import { RecordingError } from "../core/model/errors.ts";
import type { Reader } from "../core/model/ports.ts";
import { type ListPages, openListPages } from "./json/list-pages.ts";
import { checkFiles, fileRows } from "./row-files.ts";
import type { DatabaseSettings } from "./sql/connection.ts";

export { type DateRules, datedRows } from "./dates/dated-rows.ts";
export type { DatabaseSettings } from "./sql/connection.ts";

/**
 * Rows of files, one after the other; `-` is stdin. CSV dialects, JSON and NDJSON are told by content, never by name.
 * Field names of tables are lower-case, without brackets and table prefix; JSON objects are rows as they are.
 * A file that cannot be read is refused here, before any row is handed out. Pages that a list of the API lacks are rejected
 * at the end.
 */
export async function openReader(files: readonly string[], settings: ReaderSettings): Promise<Reader> {
  await checkFiles(files, settings);
  return {
    async *rows(signal) {
      const pages = openListPages();
      for (const file of files) yield* fileRows(file, { ...settings, pages }, signal);
      const rejected = pages.missing(files.at(-1) ?? "");
      if (rejected.length > 0) yield { rows: [], rejected };
    },
  };
}

const databases = {
  postgres: async () => (await import("./sql/postgres.ts")).openPostgres,
  mysql: async () => (await import("./sql/mysql.ts")).openMysql,
  mssql: async () => (await import("./sql/mssql.ts")).openMssql,
  sqlite: async () => (await import("./sql/sqlite-rows.ts")).openSqliteRows,
};

const aliases: Readonly<Record<string, keyof typeof databases>> = {
  postgres: "postgres",
  postgresql: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
  mssql: "mssql",
  sqlserver: "mssql",
  sqlite: "sqlite",
};

/**
 * Rows of a database, streamed: `postgres://`, `mysql://`, `mssql://`, `sqlite:///absolute` or `sqlite:relative`.
 * The driver is loaded here; a missing one is a `usage` error that names the install command. The connection is made
 * when rows are asked for and closed when they end.
 */
export async function openDatabase(url: string, settings: DatabaseSettings): Promise<Reader> {
  const scheme = /^([a-z]+):/i.exec(url)?.[1]?.toLowerCase() ?? "";
  const name = Object.hasOwn(aliases, scheme) ? aliases[scheme] : undefined;
  if (name === undefined) {
    throw new RecordingError(
      "usage",
      "--database takes postgres://, mysql://, mssql://, sqlite:///absolute/path or sqlite:relative/path.",
    );
  }
  if ((settings.table === undefined) === (settings.query === undefined)) {
    throw new RecordingError("usage", "--database needs either --table or --query to know which rows are meant.");
  }
  const open = await databases[name]();
  return open(url, settings);
}

/** How rows in files are to be understood where the content does not say it. Plain data, so that it can cross into a thread. */
export interface FileSettings {
  /** Column names of rows without a header line. */
  readonly columns?: readonly string[];
  /** Field name → the name of the column that holds it. */
  readonly map?: Readonly<Record<string, string>>;
  /** A WHATWG encoding label; a byte order mark outranks it. Default: each line is UTF-8 or else windows-1252. */
  readonly encoding?: string;
  /** How many bytes of a file are read at once; 64 KB unless told: each read is a detour through the thread pool. */
  readonly readBytes?: number;
}

export interface ReaderSettings extends FileSettings {
  /** What `-` stands for. */
  readonly stdin?: Readable;
  /** Hears of each page of a list. */
  readonly pages?: ListPages;
}
