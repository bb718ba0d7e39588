import type { RecordingKey } from "../../core/model/recording.ts";
import type { Spoken, Transcript } from "../../core/transcripts/spoken.ts";
import { type SpokenRow, spokenOfRow, spokenValues } from "../spoken-rows.ts";
import type { Database } from "./database.ts";

/** What was said in recordings, as far as their transcripts tell. */
export interface SpokenTable {
  /** Inside a transaction; false where the recording is not held. */
  note(key: RecordingKey, transcripts: readonly Transcript[], spoken: Spoken, now: number): boolean;
  of(key: RecordingKey): Spoken | undefined;
}

export function openSpoken({ sqlite }: Pick<Database, "sqlite">): SpokenTable {
  const name = sqlite.prepare("UPDATE recordings SET transcripts = ? WHERE key = ? AND state = 'done'");
  const forget = sqlite.prepare(forgetSpoken);
  const keep = sqlite.prepare("INSERT INTO spoken SELECT seq, ?, ?, ?, ? FROM recordings WHERE key = ?");
  const find = sqlite.prepare(
    "SELECT cut, marks, words FROM spoken WHERE recording = (SELECT seq FROM recordings WHERE key = ? AND state = 'done')",
  );
  return {
    note(key, transcripts, { lines, cut }, now) {
      const named = transcripts.length === 0 ? null : JSON.stringify(transcripts);
      if (Number(name.run(named, key).changes) === 0) return false;
      forget.run(key);
      // Kept also without words: that is what a search index learns of a change by.
      keep.run(now, cut ? 1 : null, ...spokenValues(lines), key);
      return true;
    },
    of(key) {
      const row = find.get(key) as SpokenRow | undefined;
      return row && spokenOfRow(row);
    },
  };
}

/** SQL that takes away what was said in the recording of a key. */
export const forgetSpoken = "DELETE FROM spoken WHERE recording = (SELECT seq FROM recordings WHERE key = ?)";

/** Reads what was said in the recording of a `seq`, as it is searched; undefined where that is not known. */
export function openSpokenWords({ sqlite }: Pick<Database, "sqlite">): (seq: number) => string | undefined {
  const any = sqlite.prepare("SELECT 1 FROM spoken LIMIT 1");
  const find = sqlite.prepare(`SELECT ${wordsInOne} AS words FROM spoken WHERE recording = ?`);
  return (seq) => (any.get() && (find.get(seq) as { words: string } | undefined)?.words) || undefined;
}

/** A search may run over the end of a line. */
const wordsInOne = "replace(words, char(10), ' ')";

/** SQL for what was said in a row of `recordings`; empty where that is not known. */
export const spokenColumn = `coalesce((SELECT ${wordsInOne} FROM spoken WHERE recording = seq), '')`;

/** SQL for whether that came at a time or later. */
export const spokenSince = "EXISTS (SELECT 1 FROM spoken WHERE recording = seq AND noted >= ?)";
