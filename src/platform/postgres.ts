import { setTimeout as sleep } from "node:timers/promises";
import type { Client, QueryConfig } from "pg";
import { type ErrorCode, RecordingError } from "../core/model/errors.ts";
import { loadDriver, parseAddress } from "./database-address.ts";
import { explainError } from "./database-errors.ts";
import { clientConfig, codeOf } from "./postgres-client.ts";

/** Statements with `$1`, `$2` …; whole numbers of 64 bits come back as numbers. */
export interface Statements {
  rows<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** How many rows it changed. */
  change(sql: string, values?: readonly unknown[]): Promise<number>;
}

/** How a transaction begins, on one way to the server and back. */
export interface Opening {
  /** `SET LOCAL …`, separated by semicolons. */
  readonly settings: string;
  /** What is asked there, as in `SELECT asks`. */
  readonly asks: string;
}

type Row = Readonly<Record<string, unknown>>;

/** A PostgreSQL database that callreel keeps its own tables in; every error is a RecordingError. */
export interface Postgres extends AsyncDisposable {
  /** `postgres://host:port/database`, fit to be shown. */
  readonly label: string;
  /**
   * Runs `work` in one transaction on a connection of its own: it is committed whole or not at all. Where the connection
   * breaks, it is asked on another whether it was; if not, `work` is done again. After a minute without a database that is
   * told (`reset`, `unreachable`, `server-error`). With an `opening`, its answer is handed to `work`.
   */
  transaction<T>(...work: Work<T>): Promise<T>;
  /**
   * Calls `heard` with what each NOTIFY on `channel` says, from the next connection on. A pooler may drop all of them, and
   * while no connection is up nobody hears: it saves waiting, and nothing may depend on it.
   */
  listen(channel: string, heard: (payload: string) => void): void;
}

type Work<T> = readonly [
  work: (statements: Statements, opened: Row) => Promise<T>,
  mode?: "read" | "write",
  opening?: Opening,
];

/** Where the database is, and what it is asked for. */
export interface PostgresSettings {
  /** Outranks a password in the URL. */
  readonly password?: string | undefined;
  /** The flag that the URL was given with, for messages. */
  readonly flag: string;
  /** Longest wait for a connection; 15 s unless told. */
  readonly connectTimeoutMs?: number;
  /** How long a database that was there is waited for; a minute unless told. */
  readonly patienceMs?: number;
  /** It was there a moment ago, by another connection, and is waited for from the beginning. */
  readonly wasThere?: boolean;
}

const bigint = 20;
const usualPatienceMs = 60_000;
const againMs = 500;
/** A server that is gone without a word is noticed so late at most; to read a whole table takes its time. */
const answerMs = { write: 30_000, read: 600_000 } as const;
const rollbackMs = 5_000;
/** A peer that is gone without a word is noticed on an idle connection after this and ten seconds. */
const keepAliveMs = 10_000;
/** A process that is stopped within a transaction keeps its locks no longer: the server ends its connection. */
const idleMs = 10_000;
const begin = {
  read: `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
  write: `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
} as const;

/**
 * The database at `url`, connected on first use. Transactions of one caller run one after another. Throws `usage` when the
 * driver is not installed or the URL cannot be read.
 */
export async function openPostgresDatabase(url: string, settings: PostgresSettings): Promise<Postgres> {
  const address = parseAddress(url, settings, 5432);
  const { patienceMs = usualPatienceMs } = settings;
  const { default: pg } = await loadDriver(() => import("pg"), "PostgreSQL", "pg");
  const types = {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === bigint ? Number : pg.types.getTypeParser(oid, format as "text"),
  };
  const told = (thrown: unknown) => {
    if (thrown instanceof RecordingError || !(thrown instanceof Error)) return thrown;
    const state = (thrown as { code?: string }).code;
    const known = (error: Error) => codeOf(error) ?? codeOfState(error);
    return explainError(thrown, address.label, known, wordsOf(settings.flag, state));
  };
  const listeners = new Map<string, (payload: string) => void>();
  let client: Client | undefined;
  let known = settings.wasThere ?? false;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  /** Since when the database has not answered. */
  let downSince: number | undefined;

  const connected = async (): Promise<Client> => {
    if (closed) throw new RecordingError("bug", "The database was closed already.");
    if (client !== undefined) return client;
    const fresh = new pg.Client({
      ...clientConfig(address, settings.connectTimeoutMs),
      types: types as NonNullable<ConstructorParameters<typeof pg.Client>[0] & object>["types"] & object,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
    });
    const forget = () => {
      if (client === fresh) client = undefined;
    };
    fresh.on("error", forget);
    fresh.on("end", forget);
    fresh.on("notification", ({ channel, payload }) => listeners.get(channel)?.(payload ?? ""));
    try {
      await fresh.connect();
      for (const channel of listeners.keys()) await fresh.query(`LISTEN ${channel}`);
    } catch (error) {
      await fresh.end().catch(() => {});
      throw error;
    }
    client = fresh;
    known = true;
    return fresh;
  };
  const run = async <T>([work, mode = "write", opening]: Work<T>): Promise<T> => {
    const connection = await connected();
    const ask = (text: string, values: readonly unknown[] = [], query_timeout: number = answerMs[mode]) =>
      // Without values a text may hold several statements.
      connection.query({ text, query_timeout, ...(values.length > 0 && { values: [...values] }) } as QueryConfig);
    const statements: Statements = {
      rows: async (sql, values) => (await ask(sql, values)).rows,
      change: async (sql, values) => (await ask(sql, values)).rowCount ?? 0,
    };
    let ending: UnknownEnd<T> | undefined;
    try {
      const opened = await openedBy(ask, mode, opening);
      const result = await work(statements, opened);
      if (mode === "write")
        ending = new UnknownEnd(result, opening === undefined ? await markOf(statements) : (opened as unknown as Mark));
      await ask("COMMIT");
      return result;
    } catch (error) {
      await ask("ROLLBACK", [], rollbackMs).catch(() => dropped(connection));
      throw ending?.because(error) ?? error;
    }
  };
  /** A server that is restarted, or a network that is cut for a moment, ends nobody's run. */
  const patiently = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const result = await attempt();
        downSince = undefined;
        return result;
      } catch (thrown) {
        if (thrown instanceof UnknownEnd) throw thrown;
        const error = told(thrown);
        const code = error instanceof RecordingError ? error.code : "bug";
        const passes = ["reset", "unreachable", "server-error"].includes(code) && known;
        downSince ??= performance.now();
        if (!passes || performance.now() - downSince > patienceMs) throw error;
        await sleep(againMs);
      }
    }
  };
  /** To do again what was committed already would do it twice: the server is asked what became of it. */
  const surely = async <T>(work: Work<T>): Promise<T> => {
    for (;;) {
      try {
        return await patiently(() => run(work));
      } catch (thrown) {
        if (!(thrown instanceof UnknownEnd)) throw thrown;
        const committed = await patiently(() => run([(statements) => wasCommitted(statements, thrown), "read"]));
        if (committed === undefined) throw told(thrown.cause);
        if (committed) return (thrown as UnknownEnd<T>).result;
      }
    }
  };
  /** A connection that cannot even roll back is of no use any more. */
  const dropped = (connection: Client) => {
    if (client === connection) client = undefined;
    void connection.end().catch(() => {});
  };
  return {
    label: address.label,
    transaction(...work) {
      const mine = last.then(() => surely(work));
      last = mine.catch(() => {});
      return mine;
    },
    listen(channel, heard) {
      listeners.set(channel, heard);
    },
    async [Symbol.asyncDispose]() {
      await last;
      closed = true;
      await client?.end().catch(() => {});
    },
  };
}

/**
 * Makes the schema of all our tables where it is not, and keeps everybody else from making tables in it until the
 * transaction ends. (PostgreSQL's own IF NOT EXISTS fails where two ask at once.)
 */
export async function makeSchema(sql: Statements): Promise<void> {
  // One number for all of callreel: whoever comes second waits here and finds the work done.
  await sql.rows("SELECT pg_advisory_xact_lock(1919247724)");
  const [row] = await sql.rows<{ found: boolean }>("SELECT to_regnamespace('callreel') IS NOT NULL AS found");
  if (row?.found !== true) await sql.change("CREATE SCHEMA callreel");
}

/** What the opening asked, and, of a transaction that is to write, its mark. */
async function openedBy(
  ask: (text: string) => Promise<unknown>,
  mode: "read" | "write",
  opening: Opening | undefined,
): Promise<Row> {
  if (opening === undefined) await ask(begin[mode]);
  if (opening === undefined) return {};
  const asks = mode === "write" ? `${opening.asks}, txid_current()::text AS number, ${serverSince}` : opening.asks;
  const answers = (await ask(`${begin[mode]}; ${opening.settings}; SELECT ${asks}`)) as readonly { rows: Row[] }[];
  return answers.at(-1)!.rows[0]!;
}

/** The connection broke while a transaction was being committed. */
class UnknownEnd<T> {
  readonly result: T;
  readonly mark: Mark;
  cause: unknown;
  constructor(result: T, mark: Mark) {
    this.result = result;
    this.mark = mark;
  }
  because(cause: unknown): this {
    this.cause = cause;
    return this;
  }
}

/** A transaction's number, which it has once it has written, and since when its server has run. */
interface Mark {
  readonly number: string | null;
  readonly server: string;
}

const serverSince = "pg_postmaster_start_time()::text AS server";

async function markOf({ rows }: Statements): Promise<Mark> {
  const [mark] = await rows<Mark>(`SELECT txid_current_if_assigned()::text AS number, ${serverSince}`);
  return mark!;
}

/** What became of the transaction; undefined where nobody can tell. Throws `server-error` while its connection may still be at it. */
async function wasCommitted({ rows }: Statements, { mark }: UnknownEnd<unknown>): Promise<boolean | undefined> {
  if (mark.number === null) return false;
  // A server that crashed may have lost the number, and may even have given it to another transaction since.
  const [row] = await rows<{ status: string | null; server: string }>(
    `SELECT CASE WHEN $1::bigint < txid_snapshot_xmax(txid_current_snapshot()) THEN txid_status($1::bigint) END AS status,
       ${serverSince}`,
    [mark.number],
  );
  if (row?.status === "in progress") {
    throw new RecordingError("server-error", "The database is still busy with what was sent before.");
  }
  if (row?.status !== "committed") return false;
  return row.server === mark.server ? true : undefined;
}

/** What only a database of our own can answer with. */
function codeOfState(error: Error): ErrorCode | undefined {
  const state = (error as { code?: string }).code ?? "";
  if (/^(23|22|XX)...$/.test(state)) return "ledger";
  return undefined;
}

/** What a code means for a database of our own; the state that PostgreSQL tells may say it better. */
function wordsOf(flag: string, state: string | undefined): Partial<Record<ErrorCode, string>> {
  const known: Readonly<Record<string, string>> = {
    "3D000": `there is no such database: check ${flag}, or make it with createdb`,
    "25006": "nothing can be written there: the server is a read-only replica, or this login may only read",
  };
  return {
    usage: known[state ?? ""] ?? `the database cannot be used as it is: check ${flag}`,
    "permission-refused":
      "the user may not do this here: it needs the right to create a schema, or to write to callreel's",
    ledger: "the ledger in this database is damaged",
    "bad-rows": "the database failed",
  };
}
