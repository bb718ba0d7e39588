import type { RecordingKey } from "../../core/model/recording.ts";
import type { Database } from "./database.ts";

/** Recordings whose `--exec` has not ended well: it is owed from the moment they are done. */
export interface OwedHooks {
  /** To be called in the transaction that makes them done. */
  owe(keys: readonly RecordingKey[], now: number): void;
  /** `failure` undefined: it ran, nothing is owed any more. */
  ended(key: RecordingKey, failure: string | undefined, now: number): void;
  /** The next keys after `after`, in order; an empty list at the end. */
  page(after: RecordingKey): readonly RecordingKey[];
  count(): number;
}

const pageSize = 256;
const messageLimit = 500;

export function openOwedHooks({ sqlite }: Database): OwedHooks {
  return {
    owe(keys, now) {
      const add = sqlite.prepare(
        "INSERT INTO hooks (key, changed) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET failure = NULL, changed = excluded.changed",
      );
      for (const key of keys) add.run(key, now);
    },
    ended(key, failure, now) {
      if (failure === undefined) sqlite.prepare("DELETE FROM hooks WHERE key = ?").run(key);
      else {
        const fail = sqlite.prepare("UPDATE hooks SET failure = ?, changed = ? WHERE key = ?");
        fail.run(failure.slice(0, messageLimit), now, key);
      }
    },
    page(after) {
      const next = sqlite.prepare(
        "SELECT h.key FROM hooks AS h JOIN recordings AS r ON r.key = h.key WHERE h.key > ? AND r.state = 'done' ORDER BY h.key LIMIT ?",
      );
      return (next.all(after, pageSize) as { key: string }[]).map(({ key }) => key);
    },
    count: () =>
      Number(
        (
          sqlite
            .prepare(
              "SELECT count(*) AS n FROM hooks AS h JOIN recordings AS r ON r.key = h.key WHERE r.state = 'done'",
            )
            .get() as { n: number }
        ).n,
      ),
  };
}
