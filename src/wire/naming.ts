import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import type { Source } from "../core/ports.ts";
import type { RecordingRef, SourceName } from "../core/recording.ts";
import { namedRecording } from "../sources/ringcentral/records.ts";
import { idsOfPath } from "../sources/tim/key.ts";
import { refOf } from "../sources/tim/rows.ts";
import { openGivenRefs } from "./given-refs.ts";

/** What each system's ids mean; needs no login. */
const namedAt: Readonly<Record<SourceName, Source["named"]>> = {
  tim(text) {
    const ids = idsOfPath(text);
    return ids === undefined ? undefined : refOf(ids, {});
  },
  ringcentral: namedRecording,
};

/** A recording, and how many of the rows that tell of it could not be read. */
export interface NamedRecording {
  readonly ref: RecordingRef;
  readonly rejected: number;
}

/** The one recording that the command line or its rows name, without asking anybody. */
export async function namedRecordingOf(invocation: Invocation): Promise<NamedRecording> {
  const { args, settings, flags } = invocation;
  const [id] = args;
  // Rows that the environment or a profile names step back behind an id that was typed.
  const rows = id === undefined ? settings.rows : flags.rows;
  if ((id === undefined) === (rows === undefined)) {
    throw new RecordingError("usage", "Say which: an id, a contentUri, a path (/r/…), or one row with --rows -.");
  }
  if (id !== undefined) return { ref: named(id, settings.source), rejected: 0 };
  const given = await openGivenRefs(invocation);
  const found = new Map<string, RecordingRef>();
  try {
    for await (const ref of given?.refs ?? []) found.set(ref.key, ref);
  } finally {
    await given?.close();
  }
  const [ref] = found.values();
  if (ref !== undefined && found.size === 1) return { ref, rejected: given?.rejected() ?? 0 };
  const seen = found.size === 0 ? "none" : `${found.size}`;
  throw new RecordingError("usage", `link takes exactly one recording, and the rows have ${seen}.`);
}

function named(id: string, source: SourceName | undefined): RecordingRef {
  for (const name of source === undefined ? (["tim", "ringcentral"] as const) : [source]) {
    const ref = namedAt[name](id);
    if (ref !== undefined) return ref;
  }
  throw new RecordingError(
    "usage",
    `"${id}" is no RingCentral recording id or contentUri, and no permanent path such as /r/tim/3/4/NCS….`,
  );
}
