import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { freePort, prepare, serverFolder, serverUser, startServer } from "./database-server.ts";

const programs = findPrograms();

/** Why no PostgreSQL can be started here, for `describe.skipIf` and its name; undefined when one can. */
export const noPostgres: string | undefined =
  programs === undefined ? "needs the Debian package postgresql" : undefined;

/** A private PostgreSQL on a free port of 127.0.0.1 that asks for passwords. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** Of the administrator `callreel` and the database `tim`, without a password. */
  readonly url: string;
  /** Runs statements as the administrator. */
  run(sql: string, values?: readonly unknown[]): Promise<void>;
  /** Cuts every connection and stops the server, as for an update; what was committed is kept. SIGQUIT ends it as a crash does. */
  stop(signal?: "SIGQUIT"): Promise<void>;
  /** Starts it again on its port. */
  start(): Promise<void>;
}

/** Runs statements in this database as the administrator. */
export function runStatements(login: { port: number; password: string; database: string }): PostgresServer["run"] {
  return async (sql, values = []) => {
    const client = new pg.Client({ host: "127.0.0.1", user: "callreel", ...login });
    await client.connect();
    try {
      await client.query(sql, values.length === 0 ? undefined : [...values]);
    } finally {
      await client.end();
    }
  };
}

/** Makes a new database cluster and starts a server on it; takes some seconds. */
export async function startPostgres(): Promise<PostgresServer> {
  const user = serverUser("postgres");
  const folder = serverFolder("postgres", user);
  const password = "it's a p@ss/word";
  const data = join(folder, "data");
  writeFileSync(join(folder, "password"), password, { mode: 0o644 });
  await prepare(
    join(programs!, "initdb"),
    ["-D", data, "-U", "callreel", "-A", "scram-sha-256", "--pwfile", join(folder, "password"), "-E", "UTF8"].concat([
      "--locale=C.UTF-8",
      "--no-sync",
    ]),
    user,
    folder,
  );
  const port = await freePort();
  const server = await startServer(join(programs!, "postgres"), serving(data, port, folder), user, folder, () =>
    runStatements({ port, password, database: "postgres" })("SELECT 1"),
  );
  const run = runStatements({ port, password, database: "tim" });
  await runStatements({ port, password, database: "postgres" })("CREATE DATABASE tim");
  return {
    port,
    password,
    url: `postgres://callreel@127.0.0.1:${port}/tim`,
    run,
    stop: server.stop,
    start: server.start,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A standby has to allow as many connections as the server that it follows. */
function serving(data: string, port: number, folder: string): string[] {
  const settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=400"].flatMap((each) => ["-c", each]);
  return ["-D", data, "-p", String(port), "-k", folder, ...settings];
}

/** A standby that follows this server and may only read. */
export interface Standby extends AsyncDisposable {
  readonly url: string;
  /** Makes a server of its own of it, as after the loss of the other. */
  promote(): Promise<void>;
}

/** Copies the server as it runs, and starts the copy as its standby. */
export async function startStandby(primary: PostgresServer): Promise<Standby> {
  const user = serverUser("postgres");
  const folder = serverFolder("standby", user);
  const data = join(folder, "data");
  const from = `host=127.0.0.1 port=${primary.port} user=callreel password='${primary.password.replaceAll("'", "\\'")}'`;
  const copying = ["-d", from, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync"];
  await prepare(join(programs!, "pg_basebackup"), copying, user, folder);
  const port = await freePort();
  const run = runStatements({ port, password: primary.password, database: "tim" });
  const server = await startServer(join(programs!, "postgres"), serving(data, port, folder), user, folder, () =>
    run("SELECT 1"),
  );
  return {
    url: `postgres://callreel@127.0.0.1:${port}/tim`,
    promote: () => run("SELECT pg_promote()"),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(root, version, "bin")), "/usr/bin", "/usr/local/bin"];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}
