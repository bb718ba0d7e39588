import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";

const needed = ["nginx", "curl", "sha256sum"];
const absent = needed.filter((program) => spawnSync("which", [program]).status !== 0);
const why = [
  ...(absent.length > 0 ? [`not installed: ${absent.join(", ")}`] : []),
  ...(existsSync("/dev/shm") ? [] : ["no /dev/shm"]),
];

/** Starting Node is most of a quick run, which so takes about six times the CPU; three times that tells of a slow hot path. */
const mostTimes = 18;

describe.skipIf(why.length > 0)(`speed${why.length > 0 ? ` (skipped: ${why.join("; ")})` : ""}`, () => {
  it("stays within sight of curl followed by sha256sum, round by round", async () => {
    // @ts-expect-error The bench is plain JavaScript, so that it runs without a build of its own.
    const { compare } = await import("./run.js");
    const only = ["callreel", "curl, then sha256sum"];
    const runs = await compare("S", { rounds: 3, isQuick: true, tls: false, disk: false, only });
    const ratios: number[] = runs.callreel.map(
      ({ cpu }: { cpu: number }, round: number) => cpu / runs["curl, then sha256sum"][round].cpu,
    );
    // What loads the machine for a moment spoils one round; a slow program spoils all.
    expect(Math.min(...ratios)).toBeLessThan(mostTimes);
  });
});
