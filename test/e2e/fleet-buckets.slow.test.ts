import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "../../src/sandbox/index.ts";
import { type Running, start, until } from "../helpers/bin.ts";
import { type BreakingProxy, breakingProxy } from "../helpers/breaking-proxy.ts";
import { type CephServer, type CephTenant, cephTenant, noCeph, startCeph } from "../helpers/ceph.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../helpers/postgres.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { eventsOf, sha256 } from "./tim-world.ts";

const lacking = noCeph ?? noPostgres;
/** Recordings of each system; CALLREEL_FLEET asks for more than CI has the time for. */
const ofEach = Number(process.env.CALLREEL_FLEET ?? 600);
/** Longer than any machine takes that still works; nothing is judged by it. */
const patienceMs = 300_000 + 120 * ofEach;

/** A lease that is over; or a commit under way when the worker was stopped, of which a server restarted since cannot tell. */
const mayStop = /longer than its lease|server cannot be reached/;

const systems = {
  ringcentral: {
    data: { recordings: ofEach, layout: "plain", days: 20, seconds: [1, 1] },
    settings: {
      limits: { heavy: { limit: 200, windowSeconds: 1, penaltySeconds: 60 } },
    },
  },
  tim: {
    data: {
      rows: ofEach,
      days: 20,
      seconds: [1, 1],
      unrecorded: 0,
      repeated: 0,
    },
  },
} as const;

describe.skipIf(lacking !== undefined)(`a fleet of four machines (${lacking ?? "all is here"})`, () => {
  let gateway: CephServer;
  let ceph: CephTenant;
  let postgres: PostgresServer;
  let proxy: BreakingProxy;
  let sandbox: Sandbox;
  beforeAll(async () => {
    [gateway, postgres, sandbox] = await Promise.all([startCeph(), startPostgres(), openSandbox(systems)]);
    proxy = await breakingProxy(postgres.port);
    ceph = await cephTenant(gateway, "fleet");
    await ceph.send("PUT", "calls");
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await sandbox?.close();
    await gateway?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  });

  test(
    "brings each recording once, whatever is killed, stopped, restarted or cut meanwhile",
    async () => {
      using folder = openTempFolder();
      /** Starts the program on a machine that shares nothing with the others but database and bucket. */
      const on = (machine: string, args: readonly string[], env: Record<string, string> = {}) => {
        const home = join(folder.path, machine);
        const own = {
          HOME: home,
          XDG_STATE_HOME: join(home, "state"),
          XDG_CONFIG_HOME: join(home, "config"),
        };
        const ledger = {
          CALLREEL_LEDGER: postgres.url,
          CALLREEL_LEDGER_PASSWORD: postgres.password,
        };
        const shared = {
          ...sandbox.env,
          ...ceph.env,
          ...ledger,
          CALLREEL_TOKEN_KEY: "ab".repeat(32),
        };
        return start([...args, "-d", "s3://calls/fleet", "--s3-endpoint", ceph.endpoint], {
          env: { ...shared, CALLREEL_ROWS: undefined, ...own, ...env },
        });
      };
      const workers: Record<string, Running> = {};
      const worker = (machine: string, env?: Record<string, string>, lease = ["--lease", "3s"]) => {
        workers[machine] = on(machine, ["download", "--pending", "--json", "-j", "8", ...lease], env);
        return workers[machine];
      };
      /** Waits until so much of the whole was brought by all of them together. */
      const brought = (share: number) =>
        until(
          () => Object.values(workers).reduce((sum, each) => sum + doneBy(each), 0) >= share * 2 * ofEach,
          `${share} of all recordings`,
          patienceMs,
        );

      for (const source of [
        ["-s", "tim", "-r", sandbox.rowsFile],
        ["-s", "ringcentral", "--from", "40d"],
      ]) {
        const { code, err } = await on("lister", ["download", ...source, "--enqueue-only"]).finished;
        expect([code, err]).toEqual([0, expect.stringContaining("to be downloaded with --pending")]);
      }
      const through = {
        CALLREEL_LEDGER: postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`),
      };
      const [killed, asleep] = [worker("killed"), worker("asleep")];
      worker("far", through);
      worker("steady");
      for (const each of Object.values(workers)) await until(() => doneBy(each) > 0, "all at work", patienceMs);
      asleep.child.kill("SIGSTOP");
      killed.child.kill("SIGKILL");
      await brought(0.2);
      await postgres.stop();
      await postgres.start();
      await brought(0.35);
      await gateway.kill();
      await gateway.start();
      await brought(0.5);
      proxy.cut();
      await brought(0.65);
      proxy.mend();
      await postgres.run(untilLeaseIsOver(runOf(asleep)));
      // Whoever begins closes the runs whose leases are over.
      const late = worker("late");
      await until(() => late.out().includes('"run-started"'), "the late one", patienceMs);
      asleep.child.kill("SIGCONT");

      for (const [name, { finished }] of Object.entries(workers)) {
        const { code, signal, err } = await finished;
        if (name === "killed") expect(signal).toBe("SIGKILL");
        else if (code !== 0 || name === "asleep")
          expect([name, [3, 5].includes(code ?? -1), err]).toEqual([name, true, expect.stringMatching(mayStop)]);
      }
      const last = await worker("last", {}, []).finished;
      expect([last.code, last.err]).toEqual([0, expect.not.stringContaining("callreel:")]);

      const keys = Object.values(workers).flatMap((each) => eventsOf(wholeLines(each)).filter(isDone));
      expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
      const verified = await on("other", ["verify", "--repair", "--read"]).finished;
      expect([verified.code, verified.err]).toEqual([0, expect.stringContaining(`re-read`)]);
      expect(verified.err).toContain("all unchanged");
      const held = eventsOf((await on("other", ["list", "--archive", "--json"]).finished).out);
      expect(held.map(({ sha256 }) => sha256).sort()).toEqual(hashesOf(sandbox));
      expect(await audioIn(ceph, "calls", "fleet/")).toEqual(held.map(({ path }) => `fleet/${path}`).sort());
      expect(sandbox.ringcentral.stats()).toMatchObject({
        penalties: 0,
        violations: 0,
        tokenRequests: 1,
      });
    },
    2 * patienceMs,
  );
});

function doneBy({ out }: Running): number {
  return out().split('"event":"recording-done"').length - 1;
}

function isDone({ event }: Record<string, unknown>): boolean {
  return event === "recording-done";
}

/** A killed process may have left half a line. */
function wholeLines({ out }: Running): string {
  return out().slice(0, out().lastIndexOf("\n") + 1);
}

function runOf(worker: Running): string {
  const [begun] = eventsOf(wholeLines(worker));
  return String(begun?.runId);
}

function untilLeaseIsOver(runId: string): string {
  return `DO $$ BEGIN
    WHILE EXISTS (SELECT FROM callreel.leases WHERE run_id = '${runId}'
      AND until > extract(epoch FROM clock_timestamp()) * 1000) LOOP PERFORM pg_sleep(0.1);
    END LOOP;
  END $$`;
}

function hashesOf({ ringcentral, tim }: Sandbox): string[] {
  const ours = ringcentral.recordings().map(({ id }) => ringcentral.sha256Of(id));
  return [...ours, ...tim.recordings().map(({ voicefilename }) => sha256(tim.audioOf(voicefilename)))].sort();
}

/** Every object but callreel's own, as the store lists them. */
async function audioIn(ceph: CephTenant, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let after = ""; ; after = encodeURIComponent(keys.at(-1)!)) {
    const query = `list-type=2&prefix=${encodeURIComponent(prefix)}&start-after=${after}`;
    const xml = await (await ceph.send("GET", `${bucket}?${query}`)).text();
    keys.push(...[...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!.replaceAll("&amp;", "&")));
    if (!xml.includes("<IsTruncated>true")) return keys.filter((key) => !key.startsWith(`${prefix}.callreel/`)).sort();
  }
}
