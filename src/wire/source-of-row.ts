import { RecordingError } from "../core/errors.ts";
import type { Row, SourceName } from "../core/recording.ts";

const timColumns = ["voicefilename", "voicelocation", "datasource"];
const ringcentralColumns = ["contenturi", "recording", "recordingid", "legs", "sessionid", "telephonysessionid"];

/** The system a row belongs to: what it says itself, else `--source`, else what its columns tell. */
export function sourceOfRow(row: Row, given: SourceName | undefined): SourceName {
  const { source } = row.fields;
  if (source === "ringcentral" || source === "tim") return source;
  if (given !== undefined) return given;
  const names = Object.keys(row.fields).map((name) => name.toLowerCase());
  if (timColumns.some((column) => names.includes(column))) return "tim";
  if (ringcentralColumns.some((column) => names.includes(column))) return "ringcentral";
  const seen = names.slice(0, 12).join(", ") || "none";
  throw new RecordingError(
    "bad-rows",
    `${row.file}: these rows fit neither system. Columns found: ${seen}. TIM needs datasource, voicelocation and voicefilename (--map name=column renames), RingCentral needs records with a recording, or a contentUri or id column with --source ringcentral.`,
  );
}
