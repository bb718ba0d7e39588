import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AwsV4Signer } from "aws4fetch";
import { endWithUs, freePort, prepare } from "./database-server.ts";

/** Why no S3 server can be started here, for `describe.skipIf` and its name; undefined when one can. */
export const noCeph: string | undefined =
  spawnSync("sh", ["-c", "command -v radosgw ceph-mon ceph-osd ceph radosgw-admin"]).status === 0
    ? undefined
    : "needs the Debian packages radosgw, ceph-mon and ceph-osd";

/** A real S3 server in memory: Ceph's RADOS Gateway over one monitor and one OSD, all on 127.0.0.1. */
export interface CephServer extends AsyncDisposable {
  readonly endpoint: string;
  /** The file by which Ceph's own programs reach it. */
  readonly configuration: string;
  /** Kills the gateway, as a crash does; what it had acknowledged is kept. */
  kill(): Promise<void>;
  /** Starts it again on its port. */
  start(): Promise<void>;
}

/** Two users of such a server whose buckets nobody else sees, so that their names may be anybody's. */
export interface CephTenant {
  readonly endpoint: string;
  /** Its name, which stands in the names of its users. */
  readonly tenant: string;
  /** The key pair of the user who owns the buckets, as environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** A key pair that owns nothing. */
  readonly stranger: Readonly<Record<string, string>>;
  /** Sends a signed request as the owner; `path` begins with the bucket, percent-encoded. */
  send(method: string, path: string, headers?: Record<string, string>, body?: string | Uint8Array): Promise<Response>;
  /** Takes the data of an object away from below its gateway, as a broken disk does; `key` without the bucket. */
  lose(key: string): void;
}

/** Starts it from empty; takes some 16 seconds. Data lies in memory: keep a file's under 500 MB. */
export async function startCeph(): Promise<CephServer> {
  const folder = mkdtempSync(join(tmpdir(), "callreel-ceph-"));
  for (const name of ["mon", "osd", "run", "rgw"]) mkdirSync(join(folder, name));
  const [port, monitor, monitorV1] = [await freePort(), await freePort(), await freePort()];
  const id = randomUUID();
  const env = { ...process.env, CEPH_CONF: join(folder, "ceph.conf") };
  writeFileSync(env.CEPH_CONF, configuration({ folder, id, port, monitor, monitorV1 }));
  const run = (program: string, ...parameters: string[]) => prepare(program, parameters, { env }, folder);
  const servers: ChildProcess[] = [];
  const serve = (program: string, ...parameters: string[]) => {
    const log = openSync(join(folder, `${program}.out`), "a");
    const server = spawn(program, parameters, { env, stdio: ["ignore", log, log] });
    endWithUs(server);
    servers.unshift(server);
    return server;
  };
  const stop = async () => {
    for (const server of servers) await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const addresses = `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitorV1}]`;
    await run("monmaptool", "--create", "--clobber", "--addv", "a", addresses, "--fsid", id, join(folder, "monmap"));
    await run("ceph-mon", "-i", "a", "--mkfs", "--monmap", join(folder, "monmap"));
    serve("ceph-mon", "-i", "a", "--setuser", "root", "--setgroup", "root", "-f");
    await run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", randomUUID());
    serve("ceph-osd", "-i", "0", "--setuser", "root", "--setgroup", "root", "-f");
    await until(async () =>
      (await promisify(execFile)("timeout", ["60", "ceph", "osd", "stat"], { env })).stdout.includes("1 up"),
    );
    const endpoint = `http://127.0.0.1:${port}`;
    let gateway: ChildProcess;
    const start = async () => {
      gateway = serve("radosgw", "-n", "client.admin", "--log-file", join(folder, "rgw.log"), "-f");
      await until(async () => (await fetch(endpoint)).ok);
    };
    await start();
    const keys = [`--access-key=${administrator.accessKeyId}`, `--secret-key=${administrator.secretAccessKey}`];
    await run("radosgw-admin", "user", "create", "--uid=admin", "--display-name=admin", "--caps=users=write", ...keys);
    const kill = () => ended(gateway);
    return { endpoint, configuration: env.CEPH_CONF, kill, start, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes both users of a new tenant. */
export async function cephTenant(
  { endpoint, configuration }: Pick<CephServer, "endpoint" | "configuration">,
  tenant: string,
): Promise<CephTenant> {
  const [owner, stranger] = [
    await createUser(endpoint, tenant, "owner"),
    await createUser(endpoint, tenant, "stranger"),
  ];
  return {
    endpoint,
    tenant,
    env: asEnv(owner),
    stranger: asEnv(stranger),
    send: (method, path, headers = {}, body) => sendSigned(owner, `${endpoint}/${path}`, { method, headers, body }),
    lose(key) {
      const rados = (...args: string[]) =>
        execFileSync("rados", ["-c", configuration, "-p", "default.rgw.buckets.data", ...args], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        });
      const found = rados("ls")
        .split("\n")
        .filter((name) => name.endsWith(`_${key}`));
      if (found.length !== 1) throw new Error(`${found.length} objects have the data of ${key}`);
      rados("rm", found[0]!);
    },
  };
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const administrator: Keys = { accessKeyId: "admin", secretAccessKey: "secret/of+admin" };

function asEnv({ accessKeyId, secretAccessKey }: Keys): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

async function createUser(endpoint: string, tenant: string, name: string): Promise<Keys> {
  const keys = { accessKeyId: `${tenant}-${name}`, secretAccessKey: `secret/of+${name}` };
  const query = new URLSearchParams({ uid: `${tenant}$${name}`, "display-name": name, format: "json" });
  query.set("access-key", keys.accessKeyId);
  query.set("secret-key", keys.secretAccessKey);
  const answer = await sendSigned(administrator, `${endpoint}/admin/user?${query}`, { method: "PUT" });
  if (!answer.ok) throw new Error(`Ceph made no user: ${answer.status} ${await answer.text()}`);
  return keys;
}

async function sendSigned(
  keys: Keys,
  url: string,
  {
    method,
    headers = {},
    body,
  }: { method: string; headers?: Record<string, string>; body?: string | Uint8Array | undefined },
): Promise<Response> {
  const signed = await new AwsV4Signer({ url, method, headers, ...keys, service: "s3", region: "us-east-1" }).sign();
  return fetch(url, { method, headers: signed.headers, ...(body === undefined ? {} : { body: Buffer.from(body) }) });
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  server.kill("SIGKILL");
  await gone;
}

async function until(probe: () => boolean | Promise<boolean>): Promise<void> {
  const patience = Date.now() + 150_000;
  for (;;) {
    if (await Promise.resolve(probe()).catch(() => false)) return;
    if (Date.now() > patience) throw new Error("Ceph did not start.");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

interface Places {
  readonly folder: string;
  readonly id: string;
  readonly port: number;
  readonly monitor: number;
  readonly monitorV1: number;
}

/** Without `ms mon client mode` radosgw waits for ever without a word. */
function configuration({ folder, id, port, monitor, monitorV1 }: Places): string {
  return `[global]
fsid = ${id}
mon initial members = a
mon host = [v2:127.0.0.1:${monitor}/0,v1:127.0.0.1:${monitorV1}/0]
ms bind ipv4 = true
ms bind ipv6 = false
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
osd pool default pg autoscale mode = off
run dir = ${folder}/run
log file = ${folder}/$name.log
admin socket = ${folder}/run/$name.asok
mon cluster log file = ${folder}/cluster.log
osd objectstore = memstore
memstore device bytes = 2147483648
osd data = ${folder}/osd
mon data = ${folder}/mon
osd op num shards = 2
osd memory target = 939524096
mon data avail crit = 1
mon data avail warn = 2
ms mon client mode = crc
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw thread pool size = 32
rgw enable apis = s3, admin
rgw dns name = localhost
rgw crypt require ssl = false
`;
}
