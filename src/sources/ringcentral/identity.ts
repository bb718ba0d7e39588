import { RecordingError } from "../../core/errors.ts";
import { isNullWord } from "../../core/null-words.ts";
import { printable } from "../../core/printable.ts";
import type { Row } from "../../core/recording.ts";
import { damageOf, idRemedy, unwrappedId } from "../id-cells.ts";

/** What a row says of one recording: an id, and addresses that hold it too. */
export interface Part {
  readonly id: unknown;
  readonly contentUri: string | undefined;
  /** The recording's own address, without `/content`. */
  readonly uri?: string | undefined;
}

/**
 * The id that a part speaks of; undefined when it names none. Throws `bad-rows` for an id that a spreadsheet has damaged
 * (unless an address beside it tells which it was), one that is none of RingCentral's, and ids that disagree.
 */
export function idOfPart({ id, contentUri, uri }: Part, row: Row): string | undefined {
  const told = [contentUri, uri].filter((each) => each !== undefined).map(idOfUri);
  const [fromUri] = told.filter((each) => each !== undefined);
  if (contentUri !== undefined && idOfUri(contentUri) === undefined) {
    throw badRow(row, `its contentUri (${shown(contentUri)}) names no recording`);
  }
  if (told.some((each) => each !== undefined && each !== fromUri)) throw badRow(row, "its addresses disagree");
  const said = saidId(id);
  if (said === undefined) return fromUri;
  const damage = damageOf(said);
  if (damage !== undefined && fromUri !== undefined) return fromUri;
  if (damage !== undefined) throw badRow(row, `its id ${shown(said)} is ${damage}`, idRemedy);
  if (!isRecordingId(said)) throw badRow(row, `"${shown(said)}" is no recording id, which is digits`);
  if (fromUri !== undefined && fromUri !== said) {
    throw badRow(row, `its id ${said} disagrees with its contentUri, which names ${fromUri}`);
  }
  return said;
}

/** The text of an id cell; undefined where there is none. */
export function saidId(id: unknown): string | undefined {
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  const said = typeof id === "string" ? unwrappedId(id) : "";
  return isNullWord(said) ? undefined : said;
}

/** Whether a text looks like one of RingCentral's recording ids: digits. */
export function isRecordingId(id: string): boolean {
  return /^\d{1,20}$/.test(id);
}

/** The id inside a contentUri or a recording's own URI, absolute or relative. */
export function idOfUri(uri: string | undefined): string | undefined {
  const base = "https://media.ringcentral.com";
  if (uri === undefined || !/^(?:https?:\/)?\//i.test(uri) || !URL.canParse(uri, base)) return undefined;
  const found = /\/recording\/(\d{1,20})(?:\/content)?\/?$/.exec(new URL(uri, base).pathname);
  return found?.[1];
}

/** The error for a row that costs itself and no other. */
export function badRow(row: Row, why: string, remedy = ""): RecordingError {
  const where = `${printable(row.file)}:${row.line}`;
  return new RecordingError("bad-rows", `${where}: not a RingCentral recording: ${why}. ${remedy}`.trimEnd(), {
    verdict: "give-up",
  });
}

function shown(text: string): string {
  return printable(text.replace(/[?#].*$/s, "")).slice(0, 120);
}
