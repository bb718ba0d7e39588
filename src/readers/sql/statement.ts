import { RecordingError } from "../../core/model/errors.ts";
import type { Selection } from "../../core/model/ports.ts";
import { cleanName } from "../cells.ts";
import type { DatabaseSettings } from "./connection.ts";

/** A column as the database describes it; `untyped` where each value has its own type, `other` for what is not asked about. */
export interface Column {
  readonly name: string;
  readonly kind: "time" | "number" | "text" | "untyped" | "other";
}

/** SQL with placeholders, and the values that go into them. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly string[];
}

/** A SELECT without rows, whose result describes the table's columns. */
export function describingStatement(table: string, dialect: SqlDialect): Statement {
  return { sql: dialect.select("*", `FROM ${tableName(table, dialect)} WHERE 1 = 0`, undefined), values: [] };
}

/**
 * The SELECT for a table: wanted columns, conditions for what the filter asks of columns that are there, oldest first.
 * The conditions keep every row that they cannot judge (no value, another type), so they never lose a wanted one.
 */
export function tableStatement(settings: DatabaseSettings, columns: readonly Column[], dialect: SqlDialect): Statement {
  const table = settings.table as string;
  const find = finder(columns, settings.map, dialect);
  const values: string[] = [];
  const bind = (value: string) => dialect.parameter(values.push(value));
  const conditions = filterConditions(settings.selection ?? {}, find, bind, dialect);
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  const start = find("start");
  const order = start?.kind !== "time" && start?.kind !== "untyped" ? "" : ` ORDER BY ${start.sql}`;
  const list = (settings.columns ?? []).map((name) => chosen(name, columns, table, dialect)).join(", ");
  return {
    sql: dialect.select(list || "*", `FROM ${tableName(table, dialect)}${where}${order}`, settings.limit),
    values,
  };
}

interface FoundColumn {
  readonly sql: string;
  readonly kind: Column["kind"];
}
type Find = (field: string) => FoundColumn | undefined;

function finder(columns: readonly Column[], map: DatabaseSettings["map"], dialect: SqlDialect): Find {
  const mapped = new Map(Object.entries(map ?? {}).map(([field, column]) => [field.toLowerCase(), cleanName(column)]));
  return (field) => {
    const wanted = mapped.get(field) ?? field;
    const column = columns.find((one) => cleanName(one.name) === wanted);
    return column && { sql: dialect.quote(column.name), kind: column.kind };
  };
}

function filterConditions(
  filter: Selection,
  find: Find,
  bind: (value: string) => string,
  dialect: SqlDialect,
): string[] {
  const conditions: string[] = [];
  const start = find("start");
  if (start !== undefined && (start.kind === "time" || start.kind === "untyped")) {
    const add = (operator: string, day: string) =>
      conditions.push(bounded(start, operator, bind(dialect.day(day)), dialect.oddTime));
    // The database may show times in another zone than the one that the selection is in.
    if (filter.fromLocal !== undefined) add(">=", dayOf(filter.fromLocal, -1));
    if (filter.toLocal !== undefined) add("<", dayOf(filter.toLocal, 2));
  }
  const duration = find("duration");
  if (filter.minDurationSeconds !== undefined && (duration?.kind === "number" || duration?.kind === "untyped")) {
    const seconds = bind(String(filter.minDurationSeconds));
    conditions.push(bounded(duration, ">=", `CAST(${seconds} AS DECIMAL(18, 3))`, dialect.oddNumber));
  }
  if (filter.extension !== undefined) {
    conditions.push(...mention(["extension"], filter.extension, find, bind));
  }
  if (filter.number !== undefined) {
    conditions.push(...mention(["number", "extension", "from", "to"], filter.number, find, bind));
  }
  return conditions;
}

function bounded(column: FoundColumn, operator: string, value: string, odd: SqlDialect["oddTime"]): string {
  const other = column.kind === "untyped" && odd !== undefined ? ` OR ${odd(column.sql)}` : "";
  return `(${column.sql} IS NULL OR ${column.sql} ${operator} ${value}${other})`;
}

/**
 * Rows in which one of the columns has the filter's digits in this order, whatever stands between them: numbers are
 * written in many ways. Only the last seven count, since a country or area code may be missing.
 */
function mention(fields: readonly string[], wanted: string, find: Find, bind: (value: string) => string): string[] {
  const columns = fields.map(find).filter((column) => column !== undefined);
  const digits = wanted.replace(/\D/g, "").slice(-7);
  if (digits === "" || columns.length === 0 || columns.some(({ kind }) => kind !== "text" && kind !== "untyped"))
    return [];
  const pattern = `%${[...digits].join("%")}%`;
  const tests = columns.map(({ sql }) => `${sql} IS NULL OR ${sql} LIKE ${bind(pattern)}`);
  return [`(${tests.join(" OR ")})`];
}

function dayOf(text: string, later: number): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at)) throw new RecordingError("usage", `${text} is not a day such as 2024-05-01.`);
  return new Date(at + later * 86_400_000).toISOString().slice(0, 10);
}

function chosen(name: string, columns: readonly Column[], table: string, dialect: SqlDialect): string {
  const column = columns.find((one) => cleanName(one.name) === cleanName(name));
  if (column !== undefined) return dialect.quote(column.name);
  const known = columns.map((one) => one.name).join(", ");
  throw new RecordingError("usage", `--columns: ${table} has no column ${name}; it has ${known}.`);
}

const namePart = /\s*(?:\[((?:[^\]]|\]\])+)\]|"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([^.[\]"`]+))\s*(\.|$)/y;

/** `dbo.calls`, `[dbo].[calls]`, `"Calls"`: taken apart and quoted the database's own way, so that nothing else fits in. */
function tableName(table: string, dialect: SqlDialect): string {
  const parts: string[] = [];
  namePart.lastIndex = 0;
  for (let more = true; more; ) {
    const found = namePart.exec(table);
    if (found === null || parts.length === 4) {
      throw new RecordingError("usage", `--table ${table}: not a table name such as calls or dbo.calls.`);
    }
    const [, brackets, quotes, ticks, bare, end] = found;
    const exact = brackets?.replaceAll("]]", "]") ?? quotes?.replaceAll('""', '"') ?? ticks?.replaceAll("``", "`");
    parts.push(dialect.quote(exact ?? dialect.fold((bare as string).trim())));
    more = end === ".";
  }
  return parts.join(".");
}

/** What differs between databases in the statements that are built here. */
export interface SqlDialect {
  /** One part of a name, quoted. */
  quote(name: string): string;
  /** What an unquoted name means: PostgreSQL folds it. */
  fold(name: string): string;
  /** The placeholder of the n-th parameter, from 1. */
  parameter(position: number): string;
  /** A day as text that the database reads in one way only. */
  day(isoDay: string): string;
  /** The first `limit` rows of a SELECT. */
  select(list: string, rest: string, limit: number | undefined): string;
  /** SQL that is true where a value in an untyped column is not of the kind; absent where columns have types. */
  readonly oddTime?: (column: string) => string;
  readonly oddNumber?: (column: string) => string;
}

const same = (text: string) => text;
const doubled = (mark: string) => (name: string) => `${mark}${name.replaceAll(mark, mark + mark)}${mark}`;
const limitAtEnd = (list: string, rest: string, limit: number | undefined) =>
  `SELECT ${list} ${rest}${limit === undefined ? "" : ` LIMIT ${limit}`}`;

export const postgresDialect: SqlDialect = {
  quote: doubled('"'),
  fold: (name) => name.toLowerCase(),
  parameter: (position) => `$${position}`,
  day: same,
  select: limitAtEnd,
};

export const mysqlDialect: SqlDialect = {
  quote: doubled("`"),
  fold: same,
  parameter: () => "?",
  day: same,
  select: limitAtEnd,
};

export const mssqlDialect: SqlDialect = {
  quote: (name) => `[${name.replaceAll("]", "]]")}]`,
  fold: same,
  parameter: (position) => `@p${position}`,
  // With dashes, `datetime` would read it by the login's language.
  day: (isoDay) => isoDay.replaceAll("-", ""),
  select: (list, rest, limit) => `SELECT ${limit === undefined ? "" : `TOP (${limit}) `}${list} ${rest}`,
};

export const sqliteDialect: SqlDialect = {
  quote: doubled('"'),
  fold: same,
  parameter: () => "?",
  day: same,
  select: limitAtEnd,
  oddTime: (column) => `${column} NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'`,
  oddNumber: (column) => `typeof(${column}) NOT IN ('integer', 'real')`,
};
