import type { RecordingRef, Row, RowFinding, SourceName } from "../core/recording.ts";
import { sources } from "../sources/index.ts";
import { sourceOfRow } from "./source-of-row.ts";

/** What rows and ids speak of, told without a login. */
export interface RefReader {
  recordings(row: Row, given: SourceName | undefined): RowFinding;
  /** The recording of a RingCentral id. */
  ringcentral(id: string): RecordingRef | undefined;
}

export async function openRefReader(): Promise<RefReader> {
  const [{ findRecordings }, { recordingsOf, namedRecording }] = await Promise.all([
    sources.timRows(),
    sources.ringcentralRows(),
  ]);
  return {
    recordings: (row, given) => (sourceOfRow(row, given) === "tim" ? findRecordings(row) : recordingsOf(row)),
    ringcentral: namedRecording,
  };
}
