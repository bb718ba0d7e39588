import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./database-server.ts";

const program = "apache2";
const modules = "/usr/lib/apache2/modules";

/** Why no Apache can be started here, for `test.skipIf` and its name; undefined when one can. */
export const noApache: string | undefined =
  spawnSync(program, ["-v"]).error === undefined ? undefined : "needs the Debian package apache2";

/** One line of the access log. */
export interface ApacheRequest {
  readonly status: number;
  readonly authorization: string;
  readonly target: string;
}

/** A private Apache on a free port of 127.0.0.1. */
export interface Apache extends AsyncDisposable {
  readonly origin: string;
  /** Every request so far, in order of their ends; waits until there are so many, as an answer comes before its line. */
  requests(atLeast: number): Promise<ApacheRequest[]>;
}

/**
 * Starts Apache in a folder of its own. `pages` are files below its root; `directives` go into the configuration of that
 * root and may name `files` by `${folder}`.
 */
export async function openApache(given: {
  readonly pages: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly directives: (folder: string) => string;
}): Promise<Apache> {
  const folder = mkdtempSync(join(tmpdir(), "callreel-apache-"));
  // Its workers run as another user when it is started by root.
  chmodSync(folder, 0o755);
  const root = join(folder, "root");
  mkdirSync(root, { mode: 0o755 });
  for (const [name, text] of Object.entries(given.pages)) writeFileSync(join(root, name), text, { mode: 0o644 });
  for (const [name, text] of Object.entries(given.files ?? {}))
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  const port = await freePort();
  writeFileSync(join(folder, "apache.conf"), configuration(folder, root, port, given.directives(folder)));
  const server = spawn(program, ["-f", join(folder, "apache.conf"), "-DFOREGROUND"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  server.stderr.on("data", (text) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    server.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(origin, () => server.exitCode !== null);
  } catch {
    const log = readFileSync(join(folder, "error.log"), { encoding: "utf8", flag: "a+" });
    await stop();
    throw new Error(`Apache did not start: ${complaint}${log}`);
  }
  return {
    origin,
    async requests(atLeast) {
      const log = join(folder, "access.log");
      for (let tries = 0; tries < 3_000 && readLog(log).length < atLeast; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return readLog(log);
    },
    [Symbol.asyncDispose]: stop,
  };
}

function configuration(folder: string, root: string, port: number, directives: string): string {
  const load = (name: string) => `LoadModule ${name}_module ${modules}/mod_${name}.so`;
  const names = ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest"];
  return [
    ...names.map(load),
    ...(process.getuid?.() === 0 ? ["User www-data", "Group www-data"] : []),
    `ServerRoot ${folder}`,
    "ServerName localhost",
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/apache.pid`,
    `ErrorLog ${folder}/error.log`,
    `Mutex file:${folder}`,
    `DefaultRuntimeDir ${folder}`,
    "StartServers 1",
    "ServerLimit 1",
    "ThreadsPerChild 16",
    "MaxRequestWorkers 16",
    `LogFormat "%>s\\t%{Authorization}i\\t%U%q" seen`,
    `CustomLog ${folder}/access.log seen`,
    `DocumentRoot ${root}`,
    `<Directory ${root}>`,
    directives,
    "</Directory>",
    "",
  ].join("\n");
}

async function answering(origin: string, dead: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    if (dead()) break;
    const answered = await fetch(`${origin}/is-it-up`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("no answer");
}

function readLog(file: string): ApacheRequest[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines
    .map((line) => {
      const [status, authorization = "", target = ""] = line.split("\t");
      return { status: Number(status), authorization, target };
    })
    .filter(({ target }) => target !== "/is-it-up");
}
