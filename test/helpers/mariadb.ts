import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { freePort, prepare, serverFolder, serverUser, startServer } from "./database-server.ts";

const program = ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/usr/libexec/mariadbd"].find((path) =>
  existsSync(path),
);
const installer = "mariadb-install-db";

/** Why no MariaDB can be started here, for `describe.skipIf` and its name; undefined when one can. */
export const noMariadb: string | undefined =
  program === undefined || spawnSync(installer, ["--help"]).error !== undefined
    ? "needs the Debian package mariadb-server"
    : undefined;

/** A private MariaDB on a free port of 127.0.0.1 that asks for passwords. */
export interface MariadbServer extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** Of the user `callreel` and the database `tim`, without a password. */
  readonly url: string;
  /** Runs one statement as the administrator. */
  run(sql: string, values?: readonly unknown[]): Promise<void>;
}

/** Makes a new data folder and starts a server on it; takes some seconds. */
export async function startMariadb(): Promise<MariadbServer> {
  const user = serverUser("mysql");
  const folder = serverFolder("mariadb", user);
  const data = join(folder, "data");
  const socket = join(folder, "socket");
  const password = "it's a p@ss/word";
  // A folder of its own for temporary tables too: a server that starts removes those of all others in the same one.
  const own = ["--no-defaults", `--datadir=${data}`, `--tmpdir=${folder}`];
  await prepare(installer, [...own, "--auth-root-authentication-method=normal", "--skip-test-db"], user, folder);
  const port = await freePort();
  const run = async (sql: string, values: readonly unknown[] = []) => {
    const connection = await mysql.createConnection({ socketPath: socket, user: "root", charset: "utf8mb4" });
    try {
      await connection.query(sql, [...values]);
    } finally {
      await connection.end();
    }
  };
  const server = await startServer(
    program!,
    [
      ...own,
      `--socket=${socket}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--pid-file=${join(folder, "pid")}`,
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=16M",
    ],
    user,
    folder,
    () => run("SELECT 1"),
  );
  await run("CREATE DATABASE tim CHARACTER SET utf8mb4");
  await run("CREATE USER callreel@'%' IDENTIFIED BY ?", [password]);
  await run("GRANT ALL ON tim.* TO callreel@'%'");
  return {
    port,
    password,
    url: `mysql://callreel@127.0.0.1:${port}/tim`,
    run,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
