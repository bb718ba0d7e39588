import type { EntryFilter } from "../core/model/ledger.ts";

/** One condition of a WHERE clause, with a `?` for each value. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

type Window = NonNullable<EntryFilter["window"]>;

const dayMs = 24 * 60 * 60 * 1000;

/**
 * What SQL can compare of a filter, in the words that SQLite and PostgreSQL share. Windows are the dialect's own
 * (`ofWindow`): starts are text of any writing, and only one of the two reads them as instants.
 */
export function conditionsOf(
  { states, source, window, isUndated, from, to, id }: EntryFilter,
  ofWindow: (window: Window) => Condition[],
): Condition[] {
  return [
    ...(states === undefined ? [] : statesCondition(states)),
    ...(source === undefined ? [] : [where("source = ?", source)]),
    ...(window === undefined ? [] : [where("start <> ''"), ...ofWindow(window)]),
    ...(isUndated ? [where("start = ''")] : []),
    ...(from === undefined ? [] : [where("start >= ?", from)]),
    ...(to === undefined ? [] : [where("start < ?", to)]),
    ...(id === undefined ? [] : [where("id = ?", id)]),
  ];
}

/** A leased row stands in the state it was claimed from; which leases live is told row by row, and what is done stays so. */
function statesCondition(states: NonNullable<EntryFilter["states"]>): Condition[] {
  const leased = states.includes("claimed") ? " OR lease_owner IS NOT NULL" : "";
  const asked = where(`(state IN (${marks(states)})${leased})`, ...states);
  // Said in the words of the index over what is not done, so that the database sees that it fits.
  return states.includes("done") ? [asked] : [where("state <> 'done'"), asked];
}

/** The widest start, in plain text, that an instant can have: no zone is a day from UTC. */
export function widerBound(sign: ">=" | "<", ms: number): Condition {
  const away = sign === ">=" ? -dayMs : dayMs;
  return where(`start ${sign} ?`, new Date(ms + away).toISOString());
}

export function where(sql: string, ...values: (string | number)[]): Condition {
  return { sql, values };
}

/** A `?` for each value; nothing equals NULL, which stands for an empty list. */
export function marks(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ") || "NULL";
}
