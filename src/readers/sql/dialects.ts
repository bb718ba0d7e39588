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
