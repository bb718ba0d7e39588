import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTransfer } from "../../src/core/download/transfer.ts";
import type { Transfer } from "../../src/core/model/ports.ts";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { openHttp } from "../../src/http/client.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import { expectation, forever } from "../contracts/destination.ts";
import { type BreakingServer, type Fault, openBreakingServer, type Versioning } from "../helpers/breaking-server.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

/** Break-offs in all, a share of what CALLREEL_BREAK_OFFS=500 and more tries; CALLREEL_FUZZ_SEED gives other ones. */
const breakOffs = Number(process.env.CALLREEL_BREAK_OFFS ?? 120);
const seed = process.env.CALLREEL_FUZZ_SEED ?? "1";
const perServer = Math.ceil(breakOffs / 6);

const sounds = [41, 60, 73, 90, 120].map((seconds) => wav({ tag: 1, seconds, seed: seconds }));
/** Of the same length as another, and of none's. */
const others = [41, 60, 73, 90, 120].map((seconds) => wav({ tag: 1, seconds, seed: seconds + 1000 })).reverse();

const honest = ["reset", "close", "reset", "close", "reset", "close", "reset", "close", "stall"] as const;
const lies = ["wrong-start", "ignores-range", "other-total", "changed", "lengthless", "wrong-bytes"] as const;

interface Count {
  faults: number;
  /** Bytes that came, and those of the recordings. */
  received: number;
  whole: number;
}

/** Fetches one recording until it is held; its bytes must be those that the server has in the end. */
async function fetchOne(
  server: BreakingServer,
  { transfer, folder, count }: { transfer: Transfer; folder: string; count: Count },
  id: string,
): Promise<void> {
  const job = {
    source: "ringcentral" as const,
    url: `${server.origin}/${id}`,
    headers: {},
    resumable: true,
    path: `a/x_${id}.{ext}`,
    expect: expectation(id),
  };
  const hooks = {
    progress: (bytes: number) => {
      count.received += bytes;
    },
  };
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      const stored = await (await transfer.run(job, hooks, forever)).settled;
      const bytes = readFileSync(join(folder, stored.path));
      expect(bytes.equals(server.current(`/${id}`)), `${id}: not what the server has`).toBe(true);
      count.whole += bytes.length;
      return;
    } catch (error) {
      if (!(error instanceof Error) || error.name === "AssertionError") throw error;
      expect(error, id).toMatchObject({ verdict: "retry" });
    }
  }
  throw new Error(`${id} never came`);
}

/** Fetches recordings, a few at once, from a server that does what `faultsOf` says, until enough has gone wrong. */
async function breakOff(versioning: Versioning, faultsOf: (random: () => number) => Fault[]): Promise<Count> {
  using folder = openTempFolder();
  await using server = await openBreakingServer(versioning);
  await using http = openHttp({ connections: 8, connectTimeoutMs: 30_000, timeoutMs: 5000, userAgent: "t" });
  await using transfer = openTransfer({ ringcentral: [http] }, await openDisk(folder.path));
  const count: Count = { faults: 0, received: 0, whole: 0 };
  let next = 0;
  const work = async () => {
    while (count.faults < perServer) {
      const at = next++;
      const id = String(at);
      const random = seededRandom(`${seed} ${versioning} ${id}`);
      const faults = faultsOf(random);
      const [sound, other] = [sounds[at % sounds.length] as Buffer, others[at % others.length] as Buffer];
      const left = faults.length;
      server.recordings.set(`/${id}`, { versions: [sound, other, sound, other, sound], faults });
      count.faults += left;
      await fetchOne(server, { transfer, folder: folder.path, count }, id);
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
  expect(readdirSync(join(folder.path, ".callreel/partial"))).toEqual([]);
  return count;
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}

test.each<Versioning>(["nothing", "etag", "date"])(
  "after break-offs at random bytes of a server that tells versions by %s each file is its source's, for at most 1.2 times its bytes",
  async (versioning) => {
    const count = await breakOff(versioning, (random) => [{ does: pick(honest, random), at: random() }]);
    expect(count.faults).toBeGreaterThanOrEqual(perServer);
    expect(count.received / count.whole).toBeLessThanOrEqual(1.2);
  },
);

test.each<Versioning>(["nothing", "etag", "date"])(
  "whatever else a server does that tells versions by %s, each file is its source's",
  async (versioning) => {
    // Other bytes under a strong validator, in a range as asked for, are beyond proof.
    const kinds = [
      ...honest,
      ...lies.filter((lie) => lie !== "wrong-bytes" || versioning !== "etag"),
      ...lies.slice(0, 5),
    ];
    const count = await breakOff(versioning, (random) =>
      Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({ does: pick(kinds, random), at: random() })),
    );
    expect(count.faults).toBeGreaterThanOrEqual(perServer);
  },
);
