import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
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

/** A PostgreSQL database that callreel keeps its own tables in; every error is a RecordingError. */
export interface Postgres extends AsyncDisposable {
  /** `postgres://host:port/database`, fit to be shown. */
  readonly label: string;
  /**
   * Runs `work` in one transaction on a connection of its own: it is committed whole or not at all. Where the connection
   * breaks before it is committed, `work` is done again on another, for a minute at most; then that is told (`reset`, `unreachable`).
   */
  transaction<T>(work: (statements: Statements) => Promise<T>, mode?: "read" | "write"): Promise<T>;
  /**
   * Calls `heard` with what each NOTIFY on `channel` says, from the next connection on. A pooler may drop all of them, and
   * while no connection is up nobody hears: it saves waiting, and nothing may depend on it.
   */
  listen(channel: string, heard: (payload: string) => void): void;
}

/** Where the database is, and what it is asked for. */
export interface PostgresSettings {
  /** Outranks a password in the URL. */
  readonly password?: string;
  /** The flag that the URL was given with, for messages. */
  readonly flag: string;
  /** Longest wait for a connection; 15 s unless told. */
  readonly connectTimeoutMs?: number;
}

const bigint = 20;
/** For so long a database that was there is waited for. */
const patienceMs = 60_000;
const againMs = 500;
/** A server that is gone without a word is noticed so late at most. */
const statementMs = 60_000;

/**
 * The database at `url`, connected on first use. Transactions of one caller run one after another. Throws `usage` when the
 * driver is not installed or the URL cannot be read.
 */
export async function openPostgresDatabase(url: string, settings: PostgresSettings): Promise<Postgres> {
  const address = parseAddress(url, settings, 5432);
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
  let known = false;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const connected = async (): Promise<Client> => {
    if (closed) throw new RecordingError("bug", "The database was closed already.");
    if (client !== undefined) return client;
    const fresh = new pg.Client({
      ...clientConfig(address, settings.connectTimeoutMs),
      types: types as NonNullable<ConstructorParameters<typeof pg.Client>[0] & object>["types"] & object,
      query_timeout: statementMs,
      keepAlive: true,
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
  const run = async <T>(work: (statements: Statements) => Promise<T>, mode: "read" | "write"): Promise<T> => {
    const connection = await connected();
    const statements: Statements = {
      rows: async (sql, values) => (await connection.query(sql, values && [...values])).rows,
      change: async (sql, values) => (await connection.query(sql, values && [...values])).rowCount ?? 0,
    };
    let committing = false;
    try {
      await connection.query(mode === "read" ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN");
      const result = await work(statements);
      committing = mode === "write";
      await connection.query("COMMIT");
      return result;
    } catch (error) {
      await connection.query("ROLLBACK").catch(() => dropped(connection));
      // Nobody can tell whether that was committed: to do it again might do it twice.
      throw committing ? new UnknownEnd(error) : error;
    }
  };
  /** A server that is restarted, or a network that is cut for a moment, ends nobody's run. */
  const patiently = async <T>(work: (statements: Statements) => Promise<T>, mode: "read" | "write"): Promise<T> => {
    const end = performance.now() + patienceMs;
    for (;;) {
      const wasConnected = known;
      try {
        return await run(work, mode);
      } catch (thrown) {
        const error = told(thrown instanceof UnknownEnd ? thrown.cause : thrown);
        const code = error instanceof RecordingError ? error.code : "bug";
        const passes = ["reset", "unreachable", "server-error"].includes(code) && wasConnected;
        if (thrown instanceof UnknownEnd || !passes || performance.now() > end) throw error;
        await sleep(againMs);
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
    transaction(work, mode = "write") {
      const mine = last.then(() => patiently(work, mode));
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

/** The connection broke while a transaction was being committed. */
class UnknownEnd {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
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
