import { columnsOf } from "../core/columns.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Row, SourceName } from "../core/model/recording.ts";
import { printable } from "../core/text.ts";
import { namesRecordings } from "../sources/ringcentral/call-log/printed-rows.ts";

const timColumns = ["voicefilename", "voicelocation", "datasource"];
const ringcentralColumns = ["recording", "legs", "sessionid", "telephonysessionid"];

/** The system a row belongs to: what it says itself, else `--source`, else what its columns tell. */
export function sourceOfRow(row: Row, given: SourceName | undefined): SourceName {
  const { source } = row.fields;
  if (source === "ringcentral" || source === "tim") return source;
  if (given !== undefined) return given;
  if (columnsOf(row.fields).has(...timColumns)) return "tim";
  if (columnsOf(row.fields).has(...ringcentralColumns) || namesRecordings(row.fields)) return "ringcentral";
  const seen = printable(Object.keys(row.fields).slice(0, 12).join(", ").slice(0, 500)) || "none";
  throw new RecordingError(
    "bad-rows",
    `${row.file}: these rows match neither system. Columns found: ${seen}. TIM needs datasource, voicelocation and voicefilename (--map name=column renames), RingCentral needs records with a recording, or a contentUri or id column with --source ringcentral.`,
    { verdict: "give-up" },
  );
}
