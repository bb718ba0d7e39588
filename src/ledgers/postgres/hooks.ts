import type { RecordingKey } from "../../core/model/recording.ts";
import type { Tables } from "./store.ts";

const pageSize = 256;
const messageLimit = 500;
const owed = "FROM hooks AS h JOIN recordings AS r ON r.key = h.key WHERE r.state = 'done'";

/** In the transaction that makes them done: their hooks are owed. */
export async function oweHooks(tables: Tables, keys: readonly RecordingKey[]): Promise<void> {
  await tables.change(
    `INSERT INTO hooks (key, changed) SELECT DISTINCT key, $2::bigint FROM unnest($1::text[]) AS k (key)
     ON CONFLICT (key) DO UPDATE SET failure = NULL, changed = excluded.changed`,
    [keys, tables.now],
  );
}

/** `failure` undefined: it ran, nothing is owed any more. */
export async function hookEnded(tables: Tables, key: RecordingKey, failure: string | undefined): Promise<void> {
  if (failure === undefined) await tables.change("DELETE FROM hooks WHERE key = $1", [key]);
  else {
    const values = [key, failure.slice(0, messageLimit), tables.now];
    await tables.change("UPDATE hooks SET failure = $2, changed = $3 WHERE key = $1", values);
  }
}

/** The next keys after `after`, in order; an empty list at the end. */
export async function hooksPage(tables: Tables, after: RecordingKey): Promise<RecordingKey[]> {
  const rows = await tables.rows<{ key: RecordingKey }>(
    `SELECT h.key ${owed} AND h.key > $1 ORDER BY h.key LIMIT ${pageSize}`,
    [after],
  );
  return rows.map(({ key }) => key);
}

export async function hooksOwedCount(tables: Tables): Promise<number> {
  const [row] = await tables.rows<{ count: number }>(`SELECT count(*) AS count ${owed}`);
  return row!.count;
}
