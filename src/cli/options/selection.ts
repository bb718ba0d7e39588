import { RecordingError } from "../../core/model/errors.ts";
import { rowDates } from "../../core/selection.ts";
import { parseDuration, printable } from "../../core/text.ts";
import { choice, flag, integer, list, pairs, percent, text, value } from "./option.ts";

/** Which recordings: by rows, database, or the live call log. */
export const selectOptions = {
  source: choice("-s, --source <name>", "where the recordings live; else told by the rows", ["ringcentral", "tim"]),
  rows: list(
    "-r, --rows <file>",
    "read call rows from FILE or - (CSV, TSV, JSON, NDJSON, told by content); repeatable",
    text,
  ),
  columns: value("--columns <a,b,c>", "column names of rows that have no header", (names) =>
    names.split(",").map((name) => name.trim()),
  ),
  map: list("--map <name=column>", "the column that holds a field, as in voicefilename=rec_id; repeatable", pairs),
  rowDates: choice("--row-dates <form>", "how starts in rows are written; auto lets each file decide", rowDates, {
    fallback: "auto",
  }),
  encoding: value("--encoding <name>", "encoding of rows that are neither UTF-8 nor UTF-16", text, {
    fallback: "windows-1252",
  }),
  from: value("--from <when>", "calls from then on: 2026-03-01, 2026-03-01T09:00, yesterday, 7d (ago), today-2w", text),
  to: value("--to <when>", "calls before then: a day that is named does not count itself, as --from", text),
  month: value("--month <yyyy-mm>", "the calls of a month, as 2026-03; in place of --from and --to", month),
  since: choice("--since <last>", "from where the last complete run ended, less --lookback", ["last"]),
  lookback: value(
    "--lookback <time>",
    "how far --since last reaches back: late recordings appear there",
    parseDuration,
    { fallback: "24h" },
  ),
  minAge: value("--min-age <time>", "leave calls younger than this for a later run", parseDuration),
  includeExpired: flag("--include-expired", "ask, last, for calls past the source's retention too"),
  direction: choice("--direction <which>", "inbound or outbound calls only", ["inbound", "outbound"]),
  extension: value("--extension <number>", "calls of this extension only", text),
  number: value("--number <number>", "calls from or to this number only", text),
  minDuration: value("--min-duration <time>", "calls at least this long", parseDuration),
  shortBy: value("--short-by <time>", "audio that is shorter than its call by more than this …", parseDuration, {
    fallback: "30s",
  }),
  shortPart: value("--short-part <part>", "… and by more than this part is marked as short", percent, {
    fallback: "50%",
  }),
  recordingType: choice("--recording-type <type>", "automatic, ondemand or all", ["automatic", "ondemand", "all"], {
    fallback: "all",
  }),
  maxDownloads: value("--max-downloads <n>", "stop after N recordings (exit 8 when there are more)", integer(1)),
  orderBy: choice("--order-by <key>", "sort all rows first, by call start", ["start", "start,asc", "start,desc"]),
} as const;

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
  query: value("--query <sql>", "read what this statement selects", text),
  databasePasswordFile: value("--database-password-file <file>", "file that holds the database password", text),
} as const;
