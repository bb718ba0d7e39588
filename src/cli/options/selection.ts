import { RecordingError } from "../../core/model/errors.ts";
import type { RecordingKind } from "../../core/model/ports.ts";
import { rowDates } from "../../core/selection.ts";
import { parseDuration, printable } from "../../core/text.ts";
import { choice, flag, integer, list, pairs, percent, text, value } from "./option.ts";

/** Which recordings: by rows, database, or the live call log. */
export const selectOptions = {
  source: choice("-s, --source <name>", "which system has the recordings (default: detected from the rows)", [
    "ringcentral",
    "tim",
  ]),
  rows: list(
    "-r, --rows <file>",
    "read call rows from FILE or - (CSV, TSV, JSON or NDJSON, detected from the content); repeatable",
    text,
  ),
  columns: value("--columns <a,b,c>", "column names, for rows without a header", (names) =>
    names.split(",").map((name) => name.trim()),
  ),
  map: list("--map <name=column>", "which column holds a field, such as voicefilename=rec_id; repeatable", pairs),
  rowDates: choice(
    "--row-dates <form>",
    "how call starts are written in rows; auto detects it for each file",
    rowDates,
    {
      fallback: "auto",
    },
  ),
  encoding: value("--encoding <name>", "encoding of rows that are not UTF-8 or UTF-16", text, {
    fallback: "windows-1252",
  }),
  from: value("--from <when>", "calls from then on: 2026-03-01, 2026-03-01T09:00, yesterday, 7d (ago), today-2w", text),
  to: value(
    "--to <when>",
    "calls before then, written as for --from: a day that is named is not included itself",
    text,
  ),
  month: value("--month <yyyy-mm>", "the calls of a month, as 2026-03; in place of --from and --to", month),
  since: choice("--since <last>", "start where the last complete run ended, less --lookback", ["last"], {
    hint: "; for a date use --from",
  }),
  lookback: value(
    "--lookback <time>",
    "how far --since last looks back, for recordings that appear late",
    parseDuration,
    { fallback: "24h" },
  ),
  minAge: value("--min-age <time>", "leave calls newer than this to a later run", parseDuration),
  includeExpired: flag("--include-expired", "also ask, last of all, for calls past the source's retention"),
  direction: choice("--direction <which>", "only inbound or only outbound calls", ["inbound", "outbound"]),
  extension: value("--extension <number>", "only calls of this extension", text),
  number: value("--number <number>", "only calls from or to this number", phoneNumber),
  minDuration: value("--min-duration <time>", "only calls at least this long", parseDuration),
  shortBy: value(
    "--short-by <time>",
    "mark audio as short if it is shorter than its call by more than this …",
    parseDuration,
    {
      fallback: "30s",
    },
  ),
  shortPart: value("--short-part <part>", "… and by more than this part of the call", percent, {
    fallback: "50%",
  }),
  recordingType: choice("--recording-type <type>", "automatic, ondemand or all", ["automatic", "ondemand", "all"], {
    fallback: "all",
  }),
  kinds: value("--kinds <a,b>", "what to list at RingCentral: calls, voicemail or both, as calls,voicemail", kinds, {
    fallback: "calls",
  }),
  maxDownloads: value("--max-downloads <n>", "stop after N recordings (exit 8 if there are more)", integer(1)),
  orderBy: choice("--order-by <key>", "sort all rows by call start first", ["start", "start,asc", "start,desc"]),
} as const;

/** Some of the kinds, in their order. */
function phoneNumber(given: string): string {
  if (/\d/.test(given)) return given;
  throw new RecordingError("usage", `"${printable(given)}" has no digits.`);
}

function kinds(given: string): readonly RecordingKind[] {
  const names = given.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !recordingKinds.includes(name as RecordingKind));
  if (unknown === undefined) return recordingKinds.filter((kind) => names.includes(kind));
  throw new RecordingError(
    "usage",
    `"${printable(unknown).slice(0, 40)}" is not one of ${recordingKinds.join(", ")}: give one of them, or both as calls,voicemail.`,
  );
}

const recordingKinds: readonly RecordingKind[] = ["calls", "voicemail"];

/** A month of a year that four digits can write. */
function month(given: string): string {
  const found = /^\d{4}-(?:0[1-9]|1[0-2])$/.exec(given.trim())?.[0];
  if (found !== undefined && found > "0001-01" && found < "9999-12") return found;
  const shown = printable(given).slice(0, 40);
  throw new RecordingError("usage", `"${shown}" is not a month; write the year and the month, as in 2026-03.`);
}

/** A database to read rows from. */
export const databaseOptions = {
  database: value("--database <url>", "read rows from postgres://, mysql://, mssql:// or sqlite:///path", text),
  table: value("--table <name>", "the table to read", text, { fallback: "calls" }),
  query: value("--query <sql>", "read the rows that this statement selects", text),
  databasePasswordFile: value("--database-password-file <file>", "file that holds the database password", text),
} as const;
