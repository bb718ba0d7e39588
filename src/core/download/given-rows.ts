import { RecordingError } from "../model/errors.ts";
import type { Selection } from "../model/ports.ts";
import type { RecordingRef, Row } from "../model/recording.ts";
import { asksForStarts } from "../selection.ts";
import { formatCount, formatNumberOf, printable } from "../text.ts";
import { openCallMemory } from "./call-memory.ts";
import { areAlike, type CallMarks, differenceOf, traitsOf } from "./call-traits.ts";

/**
 * What rows that a person gave (not those of a source's own listing) have to answer for: they are evidence, not truth.
 * Throws `bad-rows` where nothing in a file, or no start of all, can be read.
 */
export interface GivenRows {
  /** Hears of each row, in order; `refused` is the error that cost it. */
  row(file: string, refused?: string): void;
  /** Throws when the file at hand was nothing but unreadable rows: at its end, or after a thousand of them. */
  check(): void;
  /** Whether the selection asks for a start that this call lacks. */
  lacksStart(ref: RecordingRef): boolean;
  /** Why a recording cannot be the one that an earlier row named, or that the archive knows, although both have one id. */
  conflict(ref: RecordingRef, known?: CallMarks): string | undefined;
  /** After the last row. */
  end(): void;
}

/** So many rows in a row, and none readable, are no accident. */
const enough = 1000;

export function openGivenRows(selection: Selection): GivenRows {
  const windowed = asksForStarts(selection);
  const calls = openCallMemory();
  let file: string | undefined;
  let [readable, refused] = [0, 0];
  let first = "";
  let [dated, undated] = [0, 0];
  const refuse = () => {
    if (readable > 0 || refused === 0) return;
    const rows = refused === 1 ? "its only row cannot" : `none of its ${formatCount(refused)} rows can`;
    throw new RecordingError("bad-rows", `${file}: ${rows} be read: ${first}`);
  };
  return {
    row(name, message) {
      if (name !== file) {
        refuse();
        [file, readable, refused] = [name, 0, 0];
      }
      if (message === undefined) readable += 1;
      else {
        if (refused === 0) first = message;
        refused += 1;
      }
    },
    check() {
      if (refused >= enough) refuse();
    },
    lacksStart(ref) {
      const lacks = windowed && ref.call.start === undefined;
      if (lacks) undated += 1;
      else dated += 1;
      return lacks;
    },
    conflict({ id, key, call }, known) {
      const traits = traitsOf(call);
      const earlier = calls.conflict(key, traits);
      if (earlier !== undefined) {
        return `names recording ${printable(id)} like an earlier row, but for a different call: ${earlier}. One of the two ids is wrong.`;
      }
      if (known === undefined || areAlike(known, call, traits)) return undefined;
      const stored = differenceOf(traitsOf(known), traits, { grows: true });
      return stored === undefined
        ? undefined
        : `names recording ${printable(id)}, which the archive knows of another call: ${stored}. One of the two ids is wrong; if it is the archive's, --force-overwrites believes this row.`;
    },
    end() {
      refuse();
      if (dated > 0 || undated === 0) return;
      throw new RecordingError(
        "bad-rows",
        `None of ${formatNumberOf(undated, "recording")} has a start that can be read, so none is known to be in the window: ` +
          "say how starts are written with --row-dates, or which column has them with --map start=COLUMN.",
      );
    },
  };
}

/** An error's message without the place that the event names anyway. */
export function withoutPlace(message: string, { file, line }: Pick<Row, "file" | "line">): string {
  const place = [`${file}:${line}: `, `${file}: `].find((each) => message.startsWith(each)) ?? "";
  return message.slice(place.length);
}
