import { RecordingError } from "../../core/model/errors.ts";
import { makeSchema, type Postgres, type Statements } from "../../platform/postgres.ts";

/** Small named documents in a database, which every machine with the same ledger shares. */
export interface SharedState extends AsyncDisposable {
  /** Reads one document; `undefined` where there is none. */
  read(name: string): Promise<string | undefined>;
  /**
   * Reads a document and keeps what `change` makes of it, alone on all machines and by the database's clock. Where there
   * is no new text nothing is written. Behind a fence only as long as that does not throw.
   */
  update<T>(name: string, change: Change<T>, fence?: Fence): Promise<T>;
  remove(name: string): Promise<void>;
  /** Calls `wake` soon after a change of the document that wakes who waits, until what it returns is called. */
  onWake(name: string, wake: () => void): () => void;
}

type Change<T> = (text: string | undefined, nowMs: number) => SharedChange<T>;

/** Another document that must not change while ours is changed, and what it must say. */
export interface Fence {
  readonly name: string;
  check(text: string | undefined): void;
}

/** A document after a change: its new text, or nothing to leave it as it is. */
export interface SharedChange<T> {
  readonly text?: string;
  readonly result: T;
  /** Whether somebody waits for what was changed. */
  readonly wakes?: boolean;
}

/** The documents in the schema `callreel` of a database, made when they are first asked for; closes it when all is written. */
export function openSharedState(database: Postgres): SharedState {
  let made: Promise<void> | undefined;
  const sleepers = new Map<string, Set<() => void>>();
  database.listen(channel, (name) => {
    for (const wake of sleepers.get(name) ?? []) wake();
  });
  const underWay = new Set<Promise<unknown>>();

  function within<T>(work: (sql: Statements) => Promise<T>): Promise<T> {
    const done = run(work);
    const kept = done.catch(() => {}).finally(() => underWay.delete(kept));
    underWay.add(kept);
    return done;
  }

  async function run<T>(work: (sql: Statements) => Promise<T>): Promise<T> {
    made ??= database.transaction(makeTable);
    try {
      await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
    return database.transaction(work);
  }

  return {
    read: (name) =>
      within(async (sql) => {
        const [row] = await sql.rows<{ text: string | null }>(select, [name]);
        return row?.text ?? undefined;
      }),
    update: (name, change, fence) =>
      within(async (sql) => {
        if (fence !== undefined) {
          const [held] = await sql.rows<{ text: string | null }>(`${select} FOR SHARE`, [fence.name]);
          fence.check(held?.text ?? undefined);
        }
        let [row] = await sql.rows<Row>(lock, [name]);
        if (row === undefined) {
          await sql.change("INSERT INTO callreel.shared (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", [name]);
          [row] = await sql.rows<Row>(lock, [name]);
        }
        if (row === undefined) throw new RecordingError("server-error", `${database.label}: a row has disappeared.`);
        const { text, result, wakes } = change(row.text ?? undefined, Number(row.now));
        if (text !== undefined) await sql.change("UPDATE callreel.shared SET text = $2 WHERE name = $1", [name, text]);
        if (wakes) await sql.rows(`SELECT pg_notify('${channel}', $1)`, [name]);
        return result;
      }),
    remove: (name) =>
      within(async (sql) => {
        await sql.change("DELETE FROM callreel.shared WHERE name = $1", [name]);
      }),
    onWake(name, wake) {
      const those = sleepers.get(name) ?? new Set();
      sleepers.set(name, those.add(wake));
      return () => those.delete(wake);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(underWay);
      await database[Symbol.asyncDispose]();
    },
  };
}

interface Row {
  readonly text: string | null;
  readonly now: string;
}

const channel = "callreel_shared";
const select = "SELECT text FROM callreel.shared WHERE name = $1";
/** The time is taken once the row is ours: whoever waited for it must not live in the past. */
const lock = `WITH held AS MATERIALIZED (SELECT text FROM callreel.shared WHERE name = $1 FOR UPDATE)
  SELECT text, trunc(extract(epoch FROM clock_timestamp()) * 1000)::text AS now FROM held`;

/** Where several begin at once, one makes the table. */
async function makeTable(sql: Statements): Promise<void> {
  const [there] = await sql.rows<{ name: string | null }>("SELECT to_regclass('callreel.shared')::text AS name");
  if (there?.name != null) return;
  await makeSchema(sql);
  await sql.change('CREATE TABLE IF NOT EXISTS callreel.shared (name text COLLATE "C" PRIMARY KEY, text text)');
}
