import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import type { Source } from "../core/ports.ts";
import type { RecordingRef, Row, SourceName } from "../core/recording.ts";
import { namedRecording, recordingsOf } from "../sources/ringcentral/records.ts";
import { idsOfPath } from "../sources/tim/key.ts";
import { findRecordings, refOf } from "../sources/tim/rows.ts";
import { wireReader } from "./rows.ts";
import { sourceOfRow } from "./source-of-row.ts";

type Naming = Pick<Source, "named" | "recordings">;

/** What each system's ids and rows mean; needs no login. */
const systems: Readonly<Record<SourceName, Naming>> = {
  tim: {
    named(text) {
      const ids = idsOfPath(text);
      return ids === undefined ? undefined : refOf(ids, {});
    },
    recordings: findRecordings,
  },
  ringcentral: { named: namedRecording, recordings: recordingsOf },
};

/** The one recording that the command line or its rows name, without asking anybody. */
export async function namedRecordingOf({ args, settings, flags, io }: Invocation): Promise<RecordingRef> {
  const [id] = args;
  // Rows that the environment or a profile names step back behind an id that was typed.
  const rows = id === undefined ? settings.rows : flags.rows;
  if ((id === undefined) === (rows === undefined)) {
    throw new RecordingError("usage", "Say which: an id, a contentUri, a path (/r/…), or one row with --rows -.");
  }
  if (id !== undefined) return named(id, settings.source);
  const reader = await wireReader(settings, {}, io);
  const found = new Map<string, RecordingRef>();
  for await (const { rows, rejected = [] } of reader?.rows(io.stop) ?? []) {
    const [bad] = rejected;
    if (bad !== undefined) throw new RecordingError("bad-rows", `${bad.file}:${bad.line}: ${bad.message}`);
    for (const ref of rows.flatMap((row) => refsOf(row, settings.source))) found.set(ref.key, ref);
  }
  const [ref] = found.values();
  if (ref !== undefined && found.size === 1) return ref;
  const seen = found.size === 0 ? "none" : `${found.size}`;
  throw new RecordingError("usage", `link takes exactly one recording, and the rows have ${seen}.`);
}

function named(id: string, source: SourceName | undefined): RecordingRef {
  for (const name of source === undefined ? (["tim", "ringcentral"] as const) : [source]) {
    const ref = systems[name].named(id);
    if (ref !== undefined) return ref;
  }
  throw new RecordingError(
    "usage",
    `"${id}" is no RingCentral recording id or contentUri, and no permanent path such as /r/tim/3/4/NCS….`,
  );
}

function refsOf(row: Row, source: SourceName | undefined): readonly RecordingRef[] {
  return systems[sourceOfRow(row, source)].recordings(row).refs;
}
