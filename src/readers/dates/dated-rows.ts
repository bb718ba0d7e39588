import { columnsOf, isNullWord } from "../../core/columns.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { Row, RowBatch } from "../../core/model/recording.ts";
import type { RowDates } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import { epoch, likelyReadings, type Order, orders, plainInstant, type Readings, readingsOf } from "./date-forms.ts";

export interface DateRules {
  readonly dates: RowDates;
  /** Calls are chosen by their start: one that can be read in two ways ends the run. */
  readonly windowed: boolean;
}

/** So many rows of a file are looked at, at most, before it must be clear whether day or month comes first. */
const sampleRows = 8192;

/**
 * The same rows with `start` where it can be told. In `auto`, a file whose starts may have day or month first is held
 * back until one of its first thousands of rows decides it; where none does, those starts are left out and told, or
 * `bad-rows` is thrown where the selection needs them.
 */
export async function* datedRows(batches: AsyncIterable<RowBatch>, rules: DateRules): AsyncIterable<RowBatch> {
  let file: FileDates | undefined;
  let held: RowBatch[] = [];
  for await (const batch of batches) {
    const name = batch.rows[0]?.file;
    if (name !== undefined && name !== file?.name) {
      if (file !== undefined) yield* released(held, file);
      held = [];
      file = new FileDates(name, rules);
    }
    if (file === undefined) {
      yield batch;
      continue;
    }
    file.hear(batch);
    held.push(batch);
    if (!file.isOpen) {
      yield* released(held, file);
      held = [];
    }
  }
  if (file !== undefined) yield* released(held, file);
}

function* released(held: readonly RowBatch[], file: FileDates): Iterable<RowBatch> {
  file.settle();
  for (const batch of held) yield file.dated(batch);
}

/** What the starts of one file have shown so far. */
class FileDates {
  readonly name: string;
  readonly #rules: DateRules;
  #possible: readonly Order[] = orders;
  /** A start that means different days under different orders. */
  #doubtful: string | undefined;
  #rows = 0;
  #settled = false;
  #told = false;
  /** What the rows of each batch held back say of their starts. */
  readonly #starts = new Map<RowBatch, readonly (string | undefined)[]>();

  constructor(name: string, rules: DateRules) {
    this.name = name;
    this.#rules = rules;
  }

  /** Whether more rows must be seen before any can be handed on. */
  get isOpen(): boolean {
    const undecided = this.#doubtful !== undefined && this.#possible.length > 1;
    return undecided && !this.#settled && this.#rows < sampleRows;
  }

  hear(batch: RowBatch): void {
    if (this.#rules.dates !== "auto" || this.#settled) return;
    const starts = startsOf(batch);
    this.#starts.set(batch, starts);
    for (const text of starts) {
      this.#rows += 1;
      if (text === undefined || (text.startsWith("20") && isoLike.test(text))) continue;
      const readings = likelyReadings(text);
      const fitting = orders.filter((order) => readings[order] !== undefined);
      if (new Set(fitting.map((order) => readings[order])).size > 1) this.#doubtful ??= text;
      // What no order can read says nothing; nor does what no order left can read, which `dated` leaves out.
      const left = this.#possible.filter((order) => fitting.includes(order));
      if (left.length > 0 && fitting.length < orders.length) this.#possible = left;
      else if (left.length === 0 && fitting.length > 0) this.#contradict(text);
    }
  }

  /** Starts that fit no common order show a file that was mixed: none of its doubtful ones can be believed. */
  #contradict(text: string): void {
    this.#doubtful ??= text;
    this.#possible = orders;
    this.#settled = true;
  }

  settle(): void {
    if (this.#settled && this.#possible.length === 1) return;
    if (this.#possible.length === 1 || this.#rows >= sampleRows || this.#doubtful !== undefined) this.#settled = true;
    if (this.#doubtful !== undefined && this.#possible.length > 1 && this.#rules.windowed) throw this.#refused();
  }

  dated(batch: RowBatch): RowBatch {
    const notices: string[] = [...(batch.notices ?? [])];
    const starts = this.#starts.get(batch) ?? startsOf(batch);
    this.#starts.delete(batch);
    const rows = batch.rows.map((row, at) => {
      const text = starts[at];
      if (text === undefined) return row;
      const start = this.#read(text);
      if (start === undefined && !this.#told) {
        this.#told = true;
        notices.push(this.#unread(row, text));
      }
      return start === undefined ? row : new DatedRow(row, start);
    });
    return { ...batch, rows, ...(notices.length === 0 ? {} : { notices }) };
  }

  #read(text: string): string | undefined {
    const { dates } = this.#rules;
    if (dates === "auto" || dates === "iso") {
      const plain = plainInstant(text);
      if (plain !== undefined) return plain;
    }
    if (dates === "epoch") return epochOf(text);
    if (dates === "auto") return agreed(likelyReadings(text), this.#possible);
    const readings = readingsOf(text);
    if (dates === "iso") return isoLike.test(text) ? readings.ymd : undefined;
    return readings[dates];
  }

  #unread(row: Row, text: string): string {
    const shown = printable(text).slice(0, 40);
    return (
      `${row.file}:${row.line}: the start "${shown}" cannot be read, or in more than one way, as perhaps others after it. ` +
      "Say how starts are written with --row-dates dmy, mdy, ymd, iso or epoch."
    );
  }

  #refused(): RecordingError {
    const shown = printable(this.#doubtful ?? "").slice(0, 40);
    return new RecordingError(
      "bad-rows",
      `${this.name}: starts such as "${shown}" may have the day or the month first, and no row settles it: say which with ` +
        "--row-dates dmy or --row-dates mdy.",
    );
  }
}

function startsOf({ rows }: RowBatch): readonly (string | undefined)[] {
  return rows.map((row) => startText(row.fields));
}

/** A class: objects made by spreading another one cost five times as much. */
class DatedRow implements Row {
  readonly fields: Row["fields"];
  readonly file: string;
  readonly line: number;
  readonly start: string;

  constructor({ fields, file, line }: Row, start: string) {
    this.fields = fields;
    this.file = file;
    this.line = line;
    this.start = start;
  }
}

const isoLike = /^\d{4}-?\d\d-?\d\d(?:$|[T ])/;

/** The one reading that all orders left agree on; undefined where they do not. */
function agreed(readings: Readings, possible: readonly Order[]): string | undefined {
  const read = possible.map((order) => readings[order]).filter((reading) => reading !== undefined);
  return new Set(read).size === 1 ? read[0] : undefined;
}

/** Any number of seconds, milliseconds and so on, told by its size. */
function epochOf(text: string): string | undefined {
  const whole = /^(\d+)((?:[.,]\d+)?)$/.exec(text);
  return epoch(whole === null ? text : `${whole[1]?.padStart(9, "0")}${whole[2]}`)?.ymd;
}

const wholeNames = [
  "start",
  "starttime",
  "startedat",
  "startdatetime",
  "starttimestamp",
  "callstart",
  "callstarttime",
  "callstartedat",
  "calldatetime",
  "calltimestamp",
  "begin",
  "begintime",
  "beginat",
  "beganat",
  "datetime",
  "timestamp",
] as const;
const dateNames = ["startdate", "calldate", "date", "day", "callday"] as const;
const timeNames = ["starttime", "calltime", "time", "start"] as const;
const clock = /\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)?(?:[\s\u00a0\u202f]*[ap]\.?[\s\u00a0]?m\.?)?$/i;
const clockOnly = new RegExp(`^${clock.source}`, "i");

/**
 * What a row says of when its call began, as text: from one column, or from one for the date and one for the time.
 * Undefined where it has no such column, or nothing in it.
 */
export function startText(fields: Readonly<Record<string, unknown>>): string | undefined {
  const columns = columnsOf(fields);
  const whole = textOf(columns.value(...wholeNames));
  if (whole !== undefined && !clockOnly.test(whole)) return whole;
  const date = textOf(columns.value(...dateNames));
  const time = whole ?? textOf(columns.value(...timeNames));
  if (date === undefined) return whole;
  const ofDay = time === undefined ? undefined : clock.exec(time)?.[0];
  if (ofDay === undefined) return time === undefined ? date : undefined;
  // A date column of a spreadsheet or database has midnight as its time, a time column some day long ago.
  return `${date.replace(/[T\s]+(?:0?0|12)[:.]00(?:[:.]00(?:[.,]0+)?)?(?:[\s\u00a0\u202f]*am)?Z?$/i, "")} ${ofDay}`;
}

/** PowerShell writes dates in JSON as objects too: `{"value":"\/Date(…)\/","DateTime":"…"}`. */
function textOf(cell: unknown): string | undefined {
  if (typeof cell === "number" || typeof cell === "bigint") return String(cell);
  if (typeof cell === "object" && cell !== null) return textOf((cell as { value?: unknown }).value);
  const text = typeof cell === "string" ? cell.trim() : "";
  return isNullWord(text) ? undefined : text;
}
