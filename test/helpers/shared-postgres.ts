import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import { noPostgres, type PostgresServer, runStatements } from "./postgres.ts";
import { sharedServer } from "./shared-servers.ts";

/** A database of the server that all files share. What a role or the server itself is told is seen by all of them. */
export interface Database extends Pick<PostgresServer, "port" | "password" | "url" | "run"> {
  readonly name: string;
}

/**
 * Tests with a new database for them all, whose fields are there once they begin; skipped, and named so, where there is
 * no PostgreSQL. Those that stop the server start one of their own with `startPostgres`.
 */
export function describeOnPostgres(title: string, tests: (database: Database) => void): void {
  describe.skipIf(noPostgres)(`${title}${noPostgres === undefined ? "" : ` (${noPostgres})`}`, () => {
    const database = {} as Database;
    const name = `test_${randomBytes(6).toString("hex")}`;
    let runOutside: PostgresServer["run"] | undefined;
    beforeAll(async () => {
      const { port, password } = await sharedServer("postgres");
      runOutside = runStatements({ port, password, database: "postgres" });
      await runOutside(`CREATE DATABASE ${name}`);
      const url = `postgres://callreel@127.0.0.1:${port}/${name}`;
      Object.assign(database, { name, port, password, url, run: runStatements({ port, password, database: name }) });
    });
    afterAll(() => runOutside?.(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    tests(database);
  });
}
