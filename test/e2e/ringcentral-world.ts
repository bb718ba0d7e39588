import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openRingCentralSandbox,
  type RingCentralSandbox,
  type RingCentralSandboxOptions,
} from "../../src/sandbox/ringcentral/index.ts";
import { finishedIn } from "./tim-world.ts";

/** A RingCentral on this machine, with a home folder of its own for the program. */
export interface RingCentralWorld extends AsyncDisposable {
  readonly rc: RingCentralSandbox;
  readonly home: string;
  readonly archive: string;
  readonly env: Record<string, string>;
  /** Ids of the recordings whose bytes lie finished in the archive; fails on bytes that no recording has. */
  held(): ReadonlySet<string>;
}

export async function openRingCentralWorld(options: RingCentralSandboxOptions): Promise<RingCentralWorld> {
  const home = mkdtempSync(join(tmpdir(), "callreel-rc-"));
  const rc = await openRingCentralSandbox(options);
  const archive = join(home, "recordings");
  return {
    rc,
    home,
    archive,
    env: { ...rc.env, HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config") },
    held() {
      const byHash = new Map(rc.recordings().map(({ id }) => [rc.sha256Of(id), id]));
      const ids = finishedIn(archive).map((path) => {
        const id = byHash.get(createHash("sha256").update(readFileSync(path)).digest("hex"));
        if (id === undefined) throw new Error(`${path} holds bytes that no recording has`);
        return id;
      });
      return new Set(ids);
    },
    async [Symbol.asyncDispose]() {
      await rc.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A budget that comes back within a second, so that tests can spend it several times over. */
export function quickBudget(limit: number, windowSeconds = 1) {
  return { heavy: { limit, windowSeconds, penaltySeconds: 2 } };
}
